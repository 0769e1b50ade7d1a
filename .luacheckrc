-- For luacheck: what HAProxy puts into its Lua.
std = "lua53"
globals = {"core"}
max_line_length = 120
