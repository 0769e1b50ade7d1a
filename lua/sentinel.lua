-- HAProxy follows the verdicts of sentinel-spoa from within: no question per connection, an error
-- that Redis' clients understand, and sessions that end when their master does. docs/lua.md has
-- the options, the configurations, and what each failure does.
--
--     lua-load /etc/haproxy/lua/sentinel.lua            options: setenv SENTINEL_SPOA_LUA '…'
--
-- HAProxy keeps one Lua state for what `lua-load` loads, whatever the number of its threads: one
-- table of verdicts, and no two coroutines at a time.

-- HAProxy 2.6 has no arguments for lua-load, hence the environment too.
local words = { ... }
for word in (os.getenv("SENTINEL_SPOA_LUA") or ""):gmatch("%S+") do
    words[#words + 1] = word
end

-- The other files lie in a folder beside this one, wherever that is.
local folder = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
package.path = folder .. "/?.lua;" .. package.path

local Cli = require("sentinel.cli")
local Feed = require("sentinel.feed")
local Fence = require("sentinel.fence")
local Fetches = require("sentinel.fetches")
local Refusal = require("sentinel.refusal")
local Verdicts = require("sentinel.verdicts")
local Waiting = require("sentinel.waiting")
local options = require("sentinel.options")
local safely = require("sentinel.safely")

assert(core.thread == 0, "sentinel.lua: load it with lua-load, not with lua-load-per-thread")

local chosen, problem = options.parse(words)
assert(chosen, problem and "sentinel.lua: " .. problem)

local verdicts = Verdicts.new(chosen.max_age)
local fence = Fence.new(chosen.backends, verdicts)
-- After a reload the old process goes on cutting its sessions, and ends with the last.
local function is_needed()
    return Waiting.count() > 0 or fence:has_sessions()
end

local feeds = {}
for i, name in ipairs(#chosen.names > 0 and chosen.names or { false }) do
    feeds[i] = Feed.new(
        chosen.agents, name or nil, verdicts, function(which) fence:turn(which) end, is_needed)
end

Fetches.register(verdicts)
Waiting.register(verdicts)
Refusal.register(verdicts, chosen.refuse_after)
Cli.register(verdicts, feeds, fence)

for _, feed in ipairs(feeds) do
    core.register_task(function() feed:run() end)
    core.register_task(function() safely.forever("silence", function() feed:watch() end) end)
end
if #chosen.backends > 0 then
    core.register_init(safely.wrap("fence", nil, function() fence:check() end))
    core.register_task(function() safely.forever("fence", function() fence:tend() end) end)
end
