-- The lines of an agent's /v1/events, over a socket of HAProxy's Lua.
--
-- `receive` answers nil at its time-out and leaves the socket unusable, so whatever goes wrong ends
-- the stream: it is made anew, never mended.
--
-- Silence is not left to the socket's time-out. In HAProxy 2.6 what comes in the moment in which that is looked
-- at, each time it might have passed, is read only when it is looked at again; and the heartbeats come each
-- second, as the time-outs do. So somebody else has to look, and to close the stream.
--
-- Up to HAProxy 3.0 a socket of Lua's stops for good when so much comes at once that its buffer
-- (tune.bufsize) is full: 15 KiB, some 35 names. With more of them, follow each by itself (name=).
local clock = require("sentinel.clock")

local Stream = {}
Stream.__index = Stream

local connect_timeout = 1     -- s
local silence_timeout = 3     -- s; an agent says something each second
local no_timeout = 86400      -- s
local longest_line = 65536
local longest_chunk = 1048576
local most_headers = 50

-- A line without its end; nothing when the socket has ended. HAProxy leaves the "\r" of a "\r\n" that lies across
-- the end of its ring buffer.
local function receive_line(socket)
    local line = socket:receive("*l")
    return line and (line:gsub("\r$", ""))
end

local function read_head(socket)
    local status = receive_line(socket)
    if not status then
        return nil, "no answer"
    end
    local code = status:match("^HTTP/1%.[01] (%d%d%d)")
    if code ~= "200" then
        return nil, code and "HTTP status " .. code or "an answer that is not HTTP"
    end
    local chunked = false
    for _ = 1, most_headers do
        local line = receive_line(socket)
        if not line then
            return nil, "half an answer"
        elseif line == "" then
            return true, chunked
        end
        chunked = chunked or line:lower():find("^transfer%-encoding:%s*chunked") ~= nil
    end
    return nil, "too many headers"
end

local function target_for(name)
    if not name then
        return "/v1/events"
    end
    return "/v1/events?name=" .. name:gsub("[^%w_.-]", function(c)
        return string.format("%%%02X", c:byte())
    end)
end

-- Connects and asks, for one name or for all. Answers a stream, or nothing and why not; the socket
-- is the caller's to close.
function Stream.open(socket, agent, name)
    socket:settimeout(connect_timeout)
    if not socket:connect(agent.host, agent.port) then
        return nil, "nobody listens there"
    end
    local sent = socket:send("GET " .. target_for(name) .. " HTTP/1.1\r\nHost: " .. agent.text
        .. "\r\nAccept: application/x-ndjson\r\n\r\n")
    if not sent then
        return nil, "it hung up"
    end
    local well, chunked = read_head(socket)
    if not well then
        return nil, chunked
    end
    socket:settimeout(no_timeout)
    return setmetatable({ socket = socket, chunked = chunked, text = "", at = 1, heard = clock.moment() }, Stream)
end

-- Ends the stream when nothing has come for too long. From another task than the reader's, which is told as if
-- the agent had hung up.
function Stream:end_if_silent()
    if clock.age(self.heard) > silence_timeout then
        self.socket:close()
    end
end

-- More text; nothing and why when there is none to come.
function Stream:more()
    local silent = "it hung up, or was silent for " .. silence_timeout .. " s"
    if not self.chunked then
        local line = receive_line(self.socket)
        return line and line .. "\n", silent
    end
    local head = receive_line(self.socket)
    if not head then
        return nil, silent
    end
    local digits = head:match("^(%x+)%s*$") or head:match("^(%x+)%s*;")
    local size = digits and #digits <= 8 and tonumber(digits, 16)
    if not size or size > longest_chunk then
        return nil, "a chunk of no sensible size"
    elseif size == 0 then
        return nil, "it has ended the stream"
    end
    local chunk = self.socket:receive(size)
    if not chunk or receive_line(self.socket) ~= "" then
        return nil, "half a chunk"
    end
    return chunk
end

-- The next line; nothing and why when the stream has ended.
function Stream:line()
    while true do
        local stop = self.text:find("\n", self.at, true)
        if stop then
            local line = self.text:sub(self.at, stop - 1)
            self.at = stop + 1
            return line
        end
        local rest = self.text:sub(self.at)
        if #rest > longest_line then
            return nil, "a line without an end"
        end
        local text, why = self:more()
        if not text then
            return nil, why
        end
        self.text, self.at, self.heard = rest .. text, 1, clock.moment()
    end
end

return Stream
