-- Keeps the servers of backends as the verdict has them: all rest in `ready`, and one that must have no
-- sessions is in maintenance until they have ended, which with `on-marked-down shutdown-sessions` they
-- do at once, and else within 200 ms. What the agent does over the runtime API, for installations that
-- do not want to give it away.
--
-- Maintenance set by an operator, or by the agent, is the same bit in HAProxy. What this file has
-- put out it remembers, as long as the process lives, which is as long as the maintenance does; only
-- that it lets in again. So an agent that does the same beside it is not fought: both want the same,
-- and each lifts its own.
--
-- Backends for reads have wishes of their own, with the agent's hysteresis in them: a server that may not be read
-- from any more is left as it is while new reads go elsewhere, for the policy's `drain`, and is put out then. Lua
-- can end all sessions of a server, or none.
--
-- A wish is acted upon only while it is fresh: right after a line of the agent's, which comes each
-- second.
local safely = require("sentinel.safely")
local clock = require("sentinel.clock")

local Fence = {}
Fence.__index = Fence

local fresh = 1.5            -- s
local cut_after = 0.05       -- s after a fence: HAProxy 3.0 freezes a session that is shut while it connects
local cut_again_for = 0.6    -- s after a fence: some sessions were still connecting
local rest_after = 3         -- s in which a connection that was let in before is over: `timeout connect`, and a margin
local look_period = 200      -- ms while sessions are to be ended

function Fence.new(backends, verdicts)
    local kept = {}
    for _, each in ipairs(backends) do
        kept[#kept + 1] = {
            backend = each.backend, name = each.name, reads = each.reads, ours = {}, warned = {},
            named = {},    -- servers that verdicts may have named since they were idle
            resting = {},  -- since when a server is out, to be ready again
        }
    end
    return setmetatable({ kept = kept, verdicts = verdicts, busy = false, missed = false }, Fence)
end

-- Passes over the backends that haproxy.cfg has not. HAProxy's start is the first time to know.
function Fence:check()
    local there = {}
    for _, each in ipairs(self.kept) do
        if core.backends[each.backend] then
            there[#there + 1] = each
        else
            core.log(core.err, "sentinel: backend=" .. each.backend .. "/" .. each.name
                .. ": haproxy.cfg has no such backend; its sessions are not cut")
        end
    end
    self.kept = there
end

local function log(kept, server, level, what)
    core.log(level, "sentinel: server " .. kept.backend .. "/" .. server .. " " .. what)
end

-- Says once what an operator should know, until it is no longer so.
local function warn(kept, server, what)
    if kept.warned[server] ~= what then
        kept.warned[server] = what
        if what then
            log(kept, server, core.warning, what)
        end
    end
end

-- name → the server, whether it is in maintenance, and its sessions.
local function look(kept)
    local seen = {}
    for name, server in pairs(core.backends[kept.backend].servers) do
        local stats = server:get_stats()
        local maint = tostring(stats.status):find("^MAINT") ~= nil
        seen[name] = { server = server, maint = maint, sessions = tonumber(stats.scur) or 0 }
        if not maint then
            -- The agent, where it fences too, may end the rest a moment earlier.
            local since = kept.resting[name]
            if since and clock.age(since) >= rest_after - 1 then
                kept.named[name] = nil
            end
            kept.ours[name], kept.resting[name] = nil, nil
        end
    end
    return seen
end

local function let_in(kept, name, seen)
    kept.named[name], kept.resting[name] = true, nil
    if not seen.maint then
        return warn(kept, name, nil)
    elseif not kept.ours[name] then
        return warn(kept, name, "should be used, and somebody else has put it into maintenance")
    end
    seen.server:set_ready()
    kept.ours[name] = nil
    return log(kept, name, core.info, "is ready again")
end

local function put_out(kept, name, seen)
    warn(kept, name, nil)
    if not seen.maint then
        kept.ours[name] = true
        seen.server:set_maint()
        kept.cut = clock.moment()
        log(kept, name, core.info, "is put into maintenance, with " .. seen.sessions .. " sessions")
    elseif seen.sessions > 0 and not (kept.cut and clock.age(kept.cut) < cut_after) then
        seen.server:shut_sess()
        kept.cut = clock.moment()
    end
end

-- Ready again, once the last connection to it must be over.
local function end_rest(kept, name, seen)
    local since = kept.resting[name]
    if since and seen.sessions == 0 and clock.age(since) >= rest_after then
        seen.server:set_ready()
        kept.ours[name], kept.resting[name], kept.named[name] = nil, nil, nil
        log(kept, name, core.info, "rests, and is ready again")
    end
end

-- No sessions on it; in maintenance only as long as that takes.
local function make_idle(kept, name, seen)
    if kept.named[name] or seen.sessions > 0 or seen.maint then
        put_out(kept, name, seen)
    end
    if kept.ours[name] and not kept.resting[name] then
        kept.resting[name] = clock.moment()
    end
    end_rest(kept, name, seen)
end

-- One backend: servers let in first, then those put out.
local function reconcile(kept, wishes)
    local seen = look(kept)
    local any_known = false
    for name in pairs(seen) do
        any_known = any_known or wishes[name] ~= nil
    end
    if not any_known then
        return warn(kept, "*", "is none that `servers:` of " .. kept.name .. " has: all are left as they are")
    end
    warn(kept, "*", nil)
    for name, each in pairs(seen) do
        if wishes[name] == "ready" then
            let_in(kept, name, each)
        end
    end
    for name, each in pairs(seen) do
        local wish = wishes[name]
        if wish == "idle" then
            make_idle(kept, name, each)
        elseif wish == "leave" then
            end_rest(kept, name, each)
        elseif wish ~= "ready" then
            -- One that is no server of this name must not be used either.
            kept.resting[name] = nil
            put_out(kept, name, each)
        end
    end
    return nil
end

function Fence:reconcile(wanted)
    for _, kept in ipairs(self.kept) do
        if not wanted or wanted(kept) then
            local entry, age = self.verdicts:find(kept.name)
            local wishes = entry and entry.wishes
            if entry and kept.reads then
                wishes = entry.read_wishes
            end
            if wishes and age <= fresh then
                reconcile(kept, wishes)
            end
        end
    end
end

-- The agent has said something: of one name, or without a name of none in particular. HAProxy may
-- let the other task run in the middle of a turn; then this one is done again.
function Fence:turn(name)
    return self:guarded(name and function(kept) return kept.name == name end)
end

-- Called for ever: sees to the sessions that were still connecting when their server was put out.
function Fence:tend()
    core.msleep(look_period)
    self:guarded(function(kept)
        return kept.cut ~= nil and clock.age(kept.cut) <= cut_again_for
    end)
end

function Fence:guarded(wanted)
    if self.busy then
        self.missed = true
        return
    end
    self.busy = true
    local well, problem = pcall(self.reconcile, self, wanted)
    while well and self.missed do
        self.missed = false
        well, problem = pcall(self.reconcile, self)
    end
    self.busy = false
    if not well then
        error(problem, 0)
    end
end

-- Whether any server of ours has sessions.
function Fence:has_sessions()
    for _, each in ipairs(self:states()) do
        if each.sessions > 0 then
            return true
        end
    end
    return false
end

-- For people: the servers of each backend, and who has put out those that are.
function Fence:states()
    local out = {}
    for _, kept in ipairs(self.kept) do
        local proxy = core.backends[kept.backend]
        for name, seen in pairs(proxy and safely.wrap("fence", {}, look)(kept) or {}) do
            local state = seen.maint and (kept.ours[name] and "maint" or "maint (by somebody else)") or "ready"
            out[#out + 1] = { backend = kept.backend, server = name, state = state, sessions = seen.sessions }
        end
    end
    table.sort(out, function(a, b)
        return a.backend .. "/" .. a.server < b.backend .. "/" .. b.server
    end)
    return out
end

return Fence
