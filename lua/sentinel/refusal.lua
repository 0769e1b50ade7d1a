-- `use-service lua.sentinel_refuse`: an error that Redis' clients show, in place of a bare close.
-- The name is in sess.redis_master, where the frontend has put it; for a read, sess.redis_role is `replica`.
local safely = require("sentinel.safely")

local Refusal = {}

local words = {
    ["degraded"] = "its server cannot be used here",
    ["ok"] = "its server cannot be used here",
    ["silent"] = "the master does not answer",
    ["isolated"] = "the master is cut off from its replicas and the Sentinels",
    ["odown"] = "the master is down",
    ["switching"] = "a failover is under way",
    ["not-master"] = "the node that the Sentinels name is not master, or another than they know",
    ["unmapped"] = "no server is the node that the Sentinels name",
    ["no-quorum"] = "too few Sentinels can be heard",
    ["conflict"] = "the Sentinels disagree",
    ["regress"] = "the Sentinels name an earlier master",
    ["stale"] = "nothing is known for certain",
    ["unknown-name"] = "nobody watches this name",
}

-- One line whatever a reason contains, and not too long for a log.
local function tidy(text)
    return (text:gsub("%c", " "):sub(1, 300))
end

-- The error for a name: its state in words, since when, and the agent's reason.
function Refusal.text(name, state, reason, since)
    local out = "-MASTERDOWN no master for " .. (name or "this name") .. ": "
        .. (words[state] or "it may not be used") .. " (" .. state
    if since and since ~= "" then
        out = out .. " since " .. since
    end
    out = out .. ")"
    if reason and reason ~= "" then
        out = out .. ", " .. reason
    end
    return tidy(out) .. "\r\n"
end

-- The same for a read, with the agent's words on why nobody serves it.
function Refusal.text_for_read(name, why)
    return tidy("-MASTERDOWN no replica for " .. (name or "this name") .. ": " .. why) .. "\r\n"
end

local function refusal_of(verdicts, applet)
    local name = applet:get_var("sess.redis_master")
    if applet:get_var("sess.redis_role") == "replica" then
        local why = verdicts:why_no_read(name)
        if why ~= "" then
            return Refusal.text_for_read(name, why)
        end
    end
    local state, reason = applet:get_var("sess.sentinel.state"), applet:get_var("sess.sentinel.reason")
    local entry = verdicts:find(name)
    if not state or not reason then
        local state_now, reason_now = verdicts:state(name)
        state = state or state_now
        reason = reason or state == state_now and reason_now or ""
    end
    return Refusal.text(
        name or entry and entry.name, state, reason, entry and entry.state == state and entry.since)
end

function Refusal.register(verdicts, after)
    local otherwise = "-MASTERDOWN no master is known\r\n"
    local text_for = safely.wrap("sentinel_refuse", otherwise, refusal_of)

    core.register_service("sentinel_refuse", "tcp", function(applet)
        -- A client that finds an answer before it has asked takes it for a fault of the connection
        -- (redis-py). Most ask at once; those that say nothing get it all the same. It also slows
        -- down clients that come again and again.
        if after > 0 then
            core.msleep(math.floor(after * 1000))
        end
        applet:send(text_for(verdicts, applet))
    end)
end

return Refusal
