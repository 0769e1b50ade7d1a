local fake = require("tests.lua.fake_core")

local head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
local master = '{"event":"master","name":"mymaster","state":"ok","open":true,"server":"R1","address":"10.0.0.1:6379",'
    .. '"epoch":7,"votes":3,"sentinels":3,"reason":"","since":"","wait":false,"servers":{"R1":"ready","R2":"maint"}}\n'
local heartbeat = '{"event":"heartbeat","time":"2026-11-27T05:00:00.000Z"}\n'

local function chunk(text)
    return string.format("%x\r\n%s\r\n", #text, text)
end

describe("the event stream", function()
    local core, Stream
    before_each(function()
        core = fake.install()
        Stream = require("sentinel.stream")
    end)

    local agent = { host = "127.0.0.1", port = 9005, text = "127.0.0.1:9005" }

    local function lines_of(text, leaves_cr)
        local socket = fake.socket(text)
        socket.leaves_cr = leaves_cr
        local stream, why = Stream.open(socket, agent)
        local lines = {}
        while stream do
            local line
            line, why = stream:line()
            if not line then
                break
            end
            lines[#lines + 1] = line
        end
        return lines, why
    end

    it("asks for the events", function()
        local socket = fake.socket(head)
        assert.is_table(Stream.open(socket, agent))
        assert.equal("127.0.0.1:9005", socket.peer)
        assert.truthy(socket.sent:find("^GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:9005\r\n"))
        assert.truthy(socket.sent:find("\r\n\r\n$"))
    end)

    it("asks for one name where there is one feed for each", function()
        local socket = fake.socket(head)
        assert.is_table(Stream.open(socket, agent, "my name"))
        assert.truthy(socket.sent:find("^GET /v1/events%?name=my%%20name HTTP/1.1\r\n"))
    end)

    it("cuts lines wherever the chunks end", function()
        local text = "one\ntwo\nthree\n"
        for size = 1, #text do
            local body = ""
            for at = 1, #text, size do
                body = body .. chunk(text:sub(at, at + size - 1))
            end
            assert.same({ "one", "two", "three" }, (lines_of(head .. body)))
        end
    end)

    it("reads the same where the socket leaves the CR of a line", function()
        assert.same({ "one", "two" }, (lines_of(head .. chunk("one\n") .. chunk("two\n"), true)))
        assert.same({ "one", "two" }, (lines_of("HTTP/1.0 200 OK\r\n\r\none\r\ntwo\r\n", true)))
    end)

    it("reads lines without chunks, too", function()
        assert.same({ "one", "two" }, (lines_of("HTTP/1.0 200 OK\r\n\r\none\ntwo\n")))
    end)

    it("ends with a reason", function()
        for text, reason in pairs({
            [""] = "no answer",
            ["HTTP/1.1 404 Not Found\r\n\r\n"] = "HTTP status 404",
            ["SSH-2.0-x\r\n"] = "not HTTP",
            ["HTTP/1.1 200 OK\r\nA: b\r\n"] = "half an answer",
            ["HTTP/1.1 200 OK\r\n" .. ("A: b\r\n"):rep(60)] = "too many headers",
            [head] = "hung up",
            [head .. "0\r\n\r\n"] = "ended the stream",
            [head .. "zz\r\n"] = "no sensible size",
            [head .. "ffffffff\r\n"] = "no sensible size",
            [head .. "123456789abcdef01\r\n"] = "no sensible size",
            [head .. "5\r\nab"] = "half a chunk",
            [head .. "2\r\nabcd\r\n"] = "half a chunk",
            [head .. chunk(("x"):rep(70000))] = "line without an end",
        }) do
            local _, why = lines_of(text)
            assert.truthy(why and why:find(reason, 1, true), reason .. " in " .. tostring(why))
        end
    end)

    describe("followed", function()
        local verdicts, feed, heard, sockets, asked
        local needed = false

        -- A feed of these agents; the sockets it is given one after the other.
        local function make(agents, texts)
            local Verdicts, Feed = require("sentinel.verdicts"), require("sentinel.feed")
            verdicts, heard, sockets, asked = Verdicts.new(5), {}, {}, {}
            feed = Feed.new(agents, nil, verdicts, function(name) heard[#heard + 1] = name or "*" end,
                function() return needed end)
            core.tcp = function()
                local socket = fake.socket(table.remove(texts, 1) or "")
                local connect = socket.connect
                socket.connect = function(...)
                    asked[#asked + 1] = select(2, ...)
                    return connect(...)
                end
                socket.starve = sockets.starve
                sockets[#sockets + 1] = socket
                return socket
            end
        end
        local one, two = { host = "a", port = 1, text = "a:1" }, { host = "b", port = 1, text = "b:1" }

        it("fills the table, and says of which name there was word", function()
            make({ one }, { head .. chunk(master .. heartbeat) .. chunk(heartbeat) })
            feed:attempt()
            assert.equal("R1", verdicts:server("mymaster"))
            assert.same({ "mymaster", "*", "*" }, heard)
            assert.is_true(sockets[1].closed)
            assert.is_nil(feed.connection)
        end)

        it("passes over events that are new to it", function()
            make({ one }, { head .. chunk('{"event":"failover","x":[{}]}\n{"a":1}\n' .. master) })
            feed:attempt()
            assert.equal("R1", verdicts:server("mymaster"))
        end)

        it("leaves an agent that talks nonsense", function()
            for _, line in ipairs({ "nonsense\n", "7\n", '{"event":"master"}\n' }) do
                make({ one }, { head .. chunk(line .. master) })
                feed:attempt()
                assert.equal("", verdicts:server("mymaster"))
                assert.is_true(sockets[1].closed)
            end
        end)

        it("tries several agents in turn, and pauses longer and longer between rounds", function()
            make({ one, two }, {})
            for _ = 1, 14 do
                feed:attempt()
            end
            assert.same({ "a", "b", "a", "b" }, { table.unpack(asked, 1, 4) })
            assert.same({ 50, 100, 200, 400, 800, 1600, 2000 }, core.slept)
        end)

        it("does not storm an agent that hangs up again and again", function()
            local texts = {}
            for i = 1, 5 do
                texts[i] = head .. chunk(master .. heartbeat)
            end
            make({ one }, texts)
            for _ = 1, 5 do
                feed:attempt()
            end
            assert.equal(5, #core.slept)
        end)

        it("ends a connection in which nothing comes for 3 s, from another task", function()
            make({ one }, { head .. chunk(master .. heartbeat) })
            feed:watch()  -- nothing to look at yet
            local waited = #core.slept
            sockets.starve = function(socket)
                repeat
                    feed:watch()
                until socket.closed or #core.slept > 100
            end
            feed:attempt()
            assert.equal(14, #core.slept - waited)  -- of 250 ms, the last one after the end
            assert.is_true(sockets[1].closed)
            feed:watch()  -- nor any more
        end)

        it("says each trouble once, and that it is over", function()
            make({ one }, { "", "", head .. chunk(heartbeat), "", "" })
            for _ = 1, 5 do
                feed:attempt()
            end
            assert.same({
                "warning: sentinel: agent a:1: no answer",
                "info: sentinel: follows the agent a:1",
                "warning: sentinel: agent a:1: it hung up, or was silent for 3 s",
                "warning: sentinel: agent a:1: no answer",
            }, core.logged)
        end)

        it("ends with HAProxy, as soon as nobody needs it", function()
            local hearts = head .. chunk(heartbeat) .. chunk(heartbeat) .. chunk(heartbeat)
            make({ one }, { hearts })
            core.stopping, needed = 1, true
            feed:attempt()
            assert.equal(3, #heard)
            make({ one }, { hearts })
            needed = false
            feed:run()
            assert.equal(1, #heard)
            assert.is_true(sockets[1].closed)
        end)

        it("survives an error of a socket, with the socket closed", function()
            make({ one }, { head })
            local make_socket = core.tcp
            core.tcp = function()
                local socket = make_socket()
                socket.receive = function() error("broken") end
                return socket
            end
            assert.is_false(pcall(feed.attempt, feed))
            assert.is_true(sockets[1].closed)
            assert.equal(1, #core.slept)
        end)
    end)
end)
