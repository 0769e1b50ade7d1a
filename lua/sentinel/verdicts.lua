-- What is known of each name: what an agent said of it last, and when that was confirmed last.
--
-- Everything that one connection to an agent says is confirmed by each line that comes on it, so an
-- entry refers to its connection, which has the time. It is good for max_age after that, whatever
-- became of the agent; then it is stale, and its name has no master.
--
-- An agent that was just started has not found a master yet and names no address. What was known
-- before holds on, for as long as it would have without any agent.
local clock = require("sentinel.clock")

local Verdicts = {}
Verdicts.__index = Verdicts

local most_names = 10000
local known_wishes = { ready = true, maint = true, leave = true }
local known_fallbacks = { master = true, refuse = true, wait = true }
local most_weight = 1000000

function Verdicts.new(max_age)
    return setmetatable(
        {
        max_age = max_age, entries = {}, count = 0, began = clock.moment(), heard = false,
    }, Verdicts)
end

local function is_text(value, longest)
    return type(value) == "string" and #value <= longest
end

-- Whether these are names of servers.
local function are_servers(list)
    if type(list) ~= "table" or #list > 1000 then
        return false
    end
    for _, server in ipairs(list) do
        if not is_text(server, 255) or not server:find("^[%w_.:-]+$") then
            return false
        end
    end
    return true
end

local function are_wishes(wishes)
    if type(wishes) ~= "table" then
        return false
    end
    for server, wish in pairs(wishes) do
        if type(server) ~= "string" or not known_wishes[wish] then
            return false
        end
    end
    return true
end

-- How servers should be. `servers` says `maint` of those that must have no session, and `idle` which of
-- these may rest in ready: an agent of before does not say it. Nothing when it is not to be believed.
local function read_wishes(said)
    local wishes, idle = {}, said.idle or {}
    if not are_wishes(said.servers or {}) or not are_servers(idle) then
        return nil
    end
    for server, wish in pairs(said.servers or {}) do
        wishes[server] = wish
    end
    for _, server in ipairs(idle) do
        if wishes[server] == "maint" then
            wishes[server] = "idle"
        end
    end
    return wishes
end

-- What a line says of reads beside where they go. An agent of before does not say it: then all weigh the
-- same, nobody stands in for them, and their backends are left alone.
local function read_replicas(entry, said)
    entry.fallback, entry.no_reads, entry.weights, entry.read_wishes = "refuse", "", {}, nil
    if said == nil then
        return true
    elseif type(said) ~= "table" then
        return false
    end
    entry.fallback = said.fallback
    entry.no_reads = type(said.reason) == "string" and said.reason:sub(1, 300) or ""  -- it names every server
    entry.read_wishes = read_wishes(said)
    local weights = said.weights or {}
    if not known_fallbacks[entry.fallback] or not entry.read_wishes or type(weights) ~= "table" then
        return false
    end
    for server, weight in pairs(weights) do
        weight = type(weight) == "number" and math.tointeger(weight)
        if type(server) ~= "string" or not weight or weight < 1 or weight > most_weight then
            return false
        end
        entry.weights[server] = weight
    end
    return true
end

-- The entry that a line describes; nothing when it is not one to be believed.
local function read(line)
    local entry = {
        name = line.name, state = line.state, open = line.open == true, wait = line.wait == true,
        server = line.server, address = line.address, reason = line.reason or "",
        since = line.since or "", wishes = read_wishes(line), reads = line.reads or {},
        epoch = math.tointeger(line.epoch) or 0, votes = math.tointeger(line.votes) or 0,
        sentinels = math.tointeger(line.sentinels) or 0,
    }
    local well = is_text(entry.name, 255) and entry.name ~= "" and is_text(entry.state, 32)
        and entry.state:find("^[%l-]+$") and is_text(entry.reason, 1000) and is_text(entry.since, 40)
        and (entry.server == nil or is_text(entry.server, 255) and entry.server:find("^[%w_.:-]+$"))
        and (entry.address == nil or is_text(entry.address, 300)) and entry.wishes
        and are_servers(entry.reads) and read_replicas(entry, line.replicas)
    return well and entry or nil
end

-- What each of its replicas has earned of its next turn, as far as it served before.
local function earnings(entry, before)
    local earned = {}
    for _, server in ipairs(entry.reads) do
        earned[server] = before and before.earned[server] or 0
    end
    return earned
end

-- A new connection to the agent at `source`, which tells of one name or of all.
function Verdicts.begin(source, name)
    return { source = source, about = name, confirmed = clock.moment(), named = {}, complete = false }
end

-- A line that says what a name's verdict is. False when it cannot be believed.
function Verdicts:take(connection, line)
    local entry = read(line)
    if not entry then
        return false
    end
    entry.connection = connection
    connection.confirmed = clock.moment()
    connection.named[entry.name] = true
    local before = self.entries[entry.name]
    entry.earned = earnings(entry, before)
    if before and before.connection ~= connection and before.address and not entry.address
        and clock.age(before.connection.confirmed) <= self.max_age then
        before.heir = entry
        return true
    end
    if not before then
        if self.count >= most_names then
            return false
        end
        self.count = self.count + 1
    end
    self.entries[entry.name] = entry
    self.heard = true
    return true
end

-- The agent lives. The first time this is said, it has told all its names: others are no more.
function Verdicts:confirm(connection)
    connection.confirmed = clock.moment()
    if connection.complete then
        return
    end
    connection.complete = true
    self.heard = true
    for name in pairs(self.entries) do
        if not connection.named[name] and (connection.about or name) == name then
            self.entries[name] = nil
            self.count = self.count - 1
        end
    end
end

-- The entry of this name, and its age in seconds. Without a name: of the only one.
function Verdicts:find(name)
    local entry
    if name and name ~= "" then
        entry = self.entries[name]
    elseif self.count == 1 then
        entry = select(2, next(self.entries))
    end
    local age = entry and clock.age(entry.connection.confirmed)
    if entry and entry.heir and age > self.max_age then
        entry = entry.heir
        age = clock.age(entry.connection.confirmed)
    end
    return entry, age
end

-- The server that a connection for this name may go to; empty when it may go nowhere, or, with
-- `clear`, when it does better to wait.
function Verdicts:server(name, clear)
    local entry, age = self:find(name)
    if entry and entry.open and age <= self.max_age and not (clear and entry.wait) then
        return entry.server or ""
    end
    return ""
end

-- The replica whose turn it is to serve a read; empty when none is fresh enough, or the agent is not told to
-- look for any. Without the agent they count as long as its word on the master does.
--
-- At each turn every replica earns its weight, and the one that has most pays for the turn: each comes as often
-- as its weight says, and as far apart from itself as that allows.
function Verdicts:replica(name)
    local entry, age = self:find(name)
    if not entry or age > self.max_age or #entry.reads == 0 then
        return ""
    end
    local earned, all, richest = entry.earned, 0, nil
    for _, server in ipairs(entry.reads) do
        local weight = entry.weights[server] or 1
        all = all + weight
        earned[server] = earned[server] + weight
        if not richest or earned[server] > earned[richest] then
            richest = server
        end
    end
    earned[richest] = earned[richest] - all
    return richest
end

-- The server that a read may go to: a replica, or what the agent's fallback lets stand in for them; empty when
-- there is none, or, with `clear`, when it does better to wait.
function Verdicts:read(name, clear)
    local replica = self:replica(name)
    if replica ~= "" then
        return replica
    end
    local entry = self:find(name)
    return entry and entry.fallback == "master" and self:server(name, clear) or ""
end

-- Why there is no server for reads: the agent's words. Empty where it has not said any.
function Verdicts:why_no_read(name)
    local entry, age = self:find(name)
    return entry and age <= self.max_age and entry.fallback ~= "master" and entry.no_reads or ""
end

-- Whether a server for reads is likely within seconds.
function Verdicts:is_read_worth_waiting(name)
    local entry, age = self:find(name)
    if not entry or entry.fallback == "master" then
        return (not entry or #entry.reads == 0) and self:is_worth_waiting(name)
    end
    return entry.fallback == "wait" and #entry.reads == 0 and age <= self.max_age
end

-- The agent's word for how things stand with this name, and why, where it has no master.
function Verdicts:state(name)
    local entry, age = self:find(name)
    if entry and age <= self.max_age then
        return entry.state, entry.reason
    elseif entry then
        return "stale", string.format("no word from an agent for %.0f s", age)
    elseif not self.heard then
        return "stale", "no agent has been heard yet"
    end
    return "unknown-name", "no agent watches this name"
end

-- Whether a better verdict is likely within seconds.
function Verdicts:is_worth_waiting(name)
    local entry, age = self:find(name)
    if entry then
        return entry.wait and age <= self.max_age
    end
    -- HAProxy has only just started or been reloaded.
    return not self.heard and clock.age(self.began) <= self.max_age
end

return Verdicts
