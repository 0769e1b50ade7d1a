-- As much of HAProxy's `core` as the module calls, with a clock that tests move. `install()` puts it in
-- place, and makes the next `require` of the module's files load them anew.
local fake = {}

package.path = "lua/?.lua;" .. package.path

function fake.install()
    local core = {
        time = 1000, slept = {}, logged = {}, backends = {}, thread = 0,
        info = "info", warning = "warning", err = "err",
        registered = {},
    }
    function core.now()
        return { sec = math.floor(core.time), usec = math.floor(core.time % 1 * 1000000) }
    end
    function core.msleep(ms)
        core.slept[#core.slept + 1] = ms
        core.time = core.time + ms / 1000
        if core.on_sleep then
            core.on_sleep()
        end
    end
    core.stopping = 0
    function core.get_info()
        return { Stopping = core.stopping }
    end
    function core.log(level, text)
        core.logged[#core.logged + 1] = level .. ": " .. text
    end
    for _, kind in ipairs({ "fetches", "converters", "action", "service" }) do
        core["register_" .. kind] = function(name, ...)
            local arguments = { ... }
            core.registered[name] = core.registered[name] or {}
            core.registered[name][kind] = kind == "fetches" and arguments[1] or kind == "converters" and arguments[1]
                or arguments[2]
        end
    end
    function core.register_cli(path, _, act)
        core.registered[table.concat(path, " ")] = { cli = act }
    end
    for name in pairs(package.loaded) do
        if name:find("^sentinel%.") then
            package.loaded[name] = nil
        end
    end
    _G.core = core
    fake.wall = 0
    -- luacheck: ignore 122
    os.time = function() return math.floor(core.time) + fake.wall end
    return core
end

-- A socket that has these lines and texts to read: each text is received by its number of bytes. Where there is
-- no more, `starve` is called if a test has set it, and then the socket ends. With `leaves_cr` it leaves the "\r" of
-- each line, as HAProxy's does where "\r\n" lies across the end of the ring buffer.
function fake.socket(text)
    local socket = { sent = "", at = 1, closed = false }
    function socket.settimeout() end
    function socket.connect(_, host, port)
        socket.peer = host .. ":" .. port
        return not socket.deaf
    end
    function socket.send(_, data)
        socket.sent = socket.sent .. data
        return #data
    end
    function socket.receive(_, what)
        if what == "*l" then
            local line, after = text:match("^([^\n]*)\n()", socket.at)
            if not line then
                if socket.starve then
                    socket:starve()
                end
                return nil, "connection closed."
            end
            socket.at = after
            return socket.leaves_cr and line or (line:gsub("\r$", ""))
        end
        if socket.at + what - 1 > #text then
            return nil, "connection closed."
        end
        socket.at = socket.at + what
        return text:sub(socket.at - what, socket.at - 1)
    end
    function socket.close()
        socket.closed = true
    end
    return socket
end

-- A server of a backend, as HAProxy's class Server.
function fake.server(status)
    local server = { status = status or "no check", sessions = 0, orders = {} }
    local function note(order)
        server.orders[#server.orders + 1] = order
    end
    function server.get_stats()
        return { status = server.status, scur = server.sessions }
    end
    function server.set_maint()
        note("maint")
        server.status = "MAINT"
    end
    function server.set_ready()
        note("ready")
        server.status = "no check"
    end
    function server.shut_sess()
        note("shut")
        server.sessions = 0
    end
    return server
end

-- A line of event `master`, decoded; `changes` replace what is usual.
function fake.verdict(changes)
    local line = {
        event = "master", name = "mymaster", state = "ok", open = true, server = "R1",
        address = "10.0.0.1:6379", epoch = 7, votes = 3, sentinels = 3, reason = "", since = "2026-11-27T05:00:00.000Z",
        wait = false, servers = { R1 = "ready", R2 = "maint", R3 = "maint" },
    }
    for key, value in pairs(changes or {}) do
        line[key] = value
        if value == fake.none then
            line[key] = nil
        end
    end
    return line
end

fake.none = {}  -- stands for a member that is not there

return fake
