"""Where requests live: one Redis or Valkey, changed by atomic Lua moves only."""
