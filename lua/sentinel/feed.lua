-- Keeps the table of verdicts up to date: one connection to an agent, the next agent when it fails.
local Stream = require("sentinel.stream")
local Verdicts = require("sentinel.verdicts")
local clock = require("sentinel.clock")
local json = require("sentinel.json")
local safely = require("sentinel.safely")

local Feed = {}
Feed.__index = Feed

local first_pause, last_pause = 50, 2000  -- ms between two rounds of attempts
local look_period = 250  -- ms
local good_after = 1  -- s that a connection has lasted

-- Follows one name, or all. `on_word` is called with a name when something was said of it, and without
-- one each second. `is_needed` is asked once HAProxy ends: its process stays as long as the connection does.
function Feed.new(agents, name, verdicts, on_word, is_needed)
    return setmetatable({
        is_needed = is_needed,
        agents = agents, name = name, verdicts = verdicts, on_word = safely.wrap("fence", nil, on_word),
        place = 1, pause = first_pause, connection = nil, connected = nil, trouble = "not tried yet",
    }, Feed)
end

function Feed:agent()
    return self.agents[self.place]
end

-- For the log: of which name this is, where there is one feed for each.
function Feed:what()
    return self.name and self.name .. ": " or ""
end

-- Takes one line; answers what is wrong with it, if anything is. What is new in a later agent is
-- passed over.
function Feed:take(connection, text)
    local line, problem = json.decode(text)
    if type(line) ~= "table" then
        return "a line that is no JSON object: " .. (problem or "another value")
    end
    if line.event == "master" then
        if not self.verdicts:take(connection, line) then
            return "a verdict that makes no sense"
        end
        self.on_word(line.name)
    elseif line.event == "heartbeat" then
        self.verdicts:confirm(connection)
        self:mark_connected(connection)
        self.on_word(self.name)
        if self:is_over() then
            return "HAProxy is stopping"
        end
    end
    return nil
end

-- Everything the agent knows has been told once.
function Feed:mark_connected(connection)
    if self.connection == connection then
        return
    end
    self.connection, self.connected, self.trouble = connection, clock.moment(), nil
    core.log(core.info, "sentinel: " .. self:what() .. "follows the agent " .. self:agent().text)
end

-- Follows one agent until that ends; answers why it did.
function Feed:follow(socket)
    local stream, why = Stream.open(socket, self:agent(), self.name)
    if not stream then
        return why
    end
    self.stream = stream
    local connection = Verdicts.begin(self:agent().text, self.name)
    while true do
        local text
        text, why = stream:line()
        if not text then
            return why
        end
        why = self:take(connection, text)
        if why then
            return why
        end
    end
end

-- What to do after a connection, or an attempt at one, has ended: the next agent is tried at once;
-- when the last one has failed too there is a pause, which grows.
function Feed:lose(why)
    local lasted = self.connected and clock.age(self.connected) or 0
    if self.connection or why ~= self.trouble then
        core.log(core.warning, "sentinel: " .. self:what() .. "agent " .. self:agent().text .. ": " .. tostring(why))
    end
    self.connection, self.connected, self.trouble = nil, nil, why
    self.place = self.place % #self.agents + 1
    if lasted > good_after then
        self.pause = first_pause
    elseif self.place == 1 then
        core.msleep(self.pause)
        self.pause = math.min(self.pause * 2, last_pause)
    end
end

-- One attempt; the socket is closed whatever happens.
function Feed:attempt()
    local socket = core.tcp()
    local well, why = pcall(self.follow, self, socket)
    self.stream = nil
    pcall(socket.close, socket)
    self:lose(why)
    if not well then
        error(why, 0)
    end
end

-- Whether HAProxy is stopping, for a reload or for good, and nobody needs the table any more.
function Feed:is_over()
    return tonumber(core.get_info().Stopping) == 1 and not self.is_needed()
end

-- For a task of its own.
function Feed:watch()
    if self.stream then
        self.stream:end_if_silent()
    end
    core.msleep(look_period)
end

function Feed:run()
    safely.forever("events", function()
        self:attempt()
        return self:is_over()
    end)
end

return Feed
