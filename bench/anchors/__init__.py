"""What the bot is compared with: programs that do the same errand in another way. The bench starts them."""
