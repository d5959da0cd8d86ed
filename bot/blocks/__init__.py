"""Everything people read: functions from values to Slack blocks. No client, no store, no clock."""
