-- `tcp-request content lua.sentinel_wait NAME LIMIT`: holds a new connection while a failover of
-- NAME is due or under way, at most for LIMIT. What comes of it, the rules after it find out. Likewise
-- `lua.sentinel_wait_read NAME LIMIT`, while nobody may serve a read and the policy lets it wait.
--
-- HAProxy's Lua has no way to wake many at once that 2.6 knows, so each looks now and then; the more
-- of them there are, the more seldom.
local clock = require("sentinel.clock")
local options = require("sentinel.options")
local safely = require("sentinel.safely")

local Waiting = {}

-- ms between two looks. HAProxy 2.6 loses some wake-ups that are due at once in a process that has
-- only just started (such a client is closed at the end of inspect-delay); with 5 ms it lost more.
local shortest, longest = 20, 200
local looks_per_ms = 20           -- of all that wait

-- How many wait. HAProxy drops the coroutine of a client that leaves, without a word; then the
-- garbage collector counts it out.
local waiting = 0

local function leave(place)
    if not place.left then
        place.left = true
        waiting = waiting - 1
    end
end

local function enter()
    waiting = waiting + 1
    return setmetatable({}, { __gc = leave })
end

function Waiting.count()
    return waiting
end

local function hold(is_worth_it, name, limit)
    local began = clock.moment()
    local left = limit
    while left > 0 and is_worth_it(name) do
        local pause = math.min(math.max(shortest, waiting / looks_per_ms), longest, left * 1000)
        core.msleep(math.max(1, math.floor(pause)))
        left = limit - clock.age(began)
    end
end

function Waiting.register(verdicts)
    local function register(action, is_worth_it)
        local held = safely.wrap(action, nil, hold)
        core.register_action(action, { "tcp-req" }, function(_, name, limit)
            if is_worth_it(name) then
                local place = enter()
                held(is_worth_it, name, options.seconds(limit) or 0)
                leave(place)
            end
        end, 2)
    end
    register("sentinel_wait", function(name) return verdicts:is_worth_waiting(name) end)
    register("sentinel_wait_read", function(name) return verdicts:is_read_worth_waiting(name) end)
end

return Waiting
