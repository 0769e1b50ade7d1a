-- What haproxy.cfg and its socket use: fetches, converters, the waiting action, the refusal, the CLI.
local fake = require("tests.lua.fake_core")
local verdict, none = fake.verdict, fake.none

describe("in haproxy.cfg", function()
    local core, verdicts, agent
    before_each(function()
        core = fake.install()
        local Verdicts = require("sentinel.verdicts")
        verdicts = Verdicts.new(5)
        agent = Verdicts.begin("a:1")
    end)

    local function hear(changes)
        assert.is_true(verdicts:take(agent, verdict(changes)))
    end

    describe("a fetch", function()
        before_each(function()
            require("sentinel.fetches").register(verdicts)
        end)

        it("names the server and the state, as a converter does", function()
            hear()
            assert.equal("R1", core.registered.sentinel_server.fetches({}, "mymaster"))
            assert.equal("R1", core.registered.sentinel_server.converters("mymaster"))
            assert.equal("ok", core.registered.sentinel_state.fetches({}, "mymaster"))
            assert.equal("ok", core.registered.sentinel_state.converters("mymaster"))
        end)

        it("names no server in doubt when a clear one is asked for", function()
            hear({ state = "silent", wait = true })
            assert.equal("", core.registered.sentinel_server.fetches({}, "mymaster", "clear"))
            assert.equal("R1", core.registered.sentinel_server.fetches({}, "mymaster"))
            hear()
            assert.equal("R1", core.registered.sentinel_server.fetches({}, "mymaster", "clear"))
        end)

        it("names the replicas in turn, and none where there is none", function()
            local ask = core.registered.sentinel_replica
            assert.equal("", ask.fetches({}, "mymaster"))
            hear({ reads = { "R2", "R3" } })
            assert.equal("R2", ask.fetches({}, "mymaster"))
            assert.equal("R3", ask.converters("mymaster"))
            assert.equal("R2", ask.fetches({}, "mymaster"))
            hear({ reads = { "R3" }, open = false, state = "odown" })
            assert.equal("R3", ask.fetches({}, "mymaster"))
            hear({ reads = {} })
            assert.equal("", ask.fetches({}, "mymaster"))
            hear()
            assert.equal("", ask.fetches({}, "mymaster"))
        end)

        it("names no replica that no agent confirms any more", function()
            hear({ reads = { "R2" } })
            verdicts.find = function() return { name = "mymaster", reads = { "R2" } }, 6 end
            assert.equal("", core.registered.sentinel_replica.fetches({}, "mymaster"))
        end)

        it("believes no line whose replicas are no servers", function()
            for _, reads in ipairs({ "R2", { 1 }, { "R2 R3" }, { "" }, { {} } }) do
                assert.is_false(verdicts:take(agent, verdict({ reads = reads })))
            end
        end)

        it("answers a text in any case: nil would be a 0 in a rule", function()
            assert.equal("", core.registered.sentinel_server.fetches({}, "mymaster"))
            assert.equal("stale", core.registered.sentinel_state.fetches({}, "mymaster"))
            verdicts.find = function() error("broken") end
            assert.equal("", core.registered.sentinel_server.fetches({}, "mymaster"))
            assert.equal("stale", core.registered.sentinel_state.fetches({}, "mymaster"))
            assert.equal(2, #core.logged)
        end)
    end)

    describe("sentinel_wait", function()
        local wait
        before_each(function()
            require("sentinel.waiting").register(verdicts)
            wait = core.registered.sentinel_wait.action
        end)
        local doubt = { open = false, server = none, state = "switching", wait = true }

        it("does not hold anybody when the verdict is clear", function()
            hear()
            wait({}, "mymaster", "8s")
            hear({ open = false, state = "no-quorum" })
            wait({}, "mymaster", "8s")
            assert.same({}, core.slept)
        end)

        it("holds until the verdict is clear", function()
            hear(doubt)
            core.on_sleep = function()
                if core.time >= 1001.5 then
                    hear()
                end
            end
            wait({}, "mymaster", "8s")
            assert.truthy(core.time >= 1001.5 and core.time < 1001.53)
        end)

        it("holds for its limit at most", function()
            hear(doubt)
            core.on_sleep = function()
                verdicts:confirm(agent)
            end
            wait({}, "mymaster", "800ms")
            assert.truthy(core.time >= 1000.8 and core.time < 1000.82)
        end)

        it("holds nobody when its limit is none", function()
            hear(doubt)
            wait({}, "mymaster", "soon")
            assert.same({}, core.slept)
        end)

        it("looks more seldom the more wait, and counts out those that left", function()
            hear(doubt)
            local crowd = {}
            for i = 1, 1000 do
                crowd[i] = coroutine.create(wait)
                core.msleep = coroutine.yield
                coroutine.resume(crowd[i], {}, "mymaster", "8s")
            end
            local function next_pause()
                local one = coroutine.create(wait)
                return select(2, coroutine.resume(one, {}, "mymaster", "8s"))
            end
            assert.equal(50, next_pause())
            crowd = nil -- luacheck: ignore 311
            collectgarbage()
            collectgarbage()
            assert.equal(20, next_pause())
        end)
    end)

    describe("sentinel_refuse", function()
        local function refuse(variables)
            require("sentinel.refusal").register(verdicts, 0.02)
            local applet = { sent = "" }
            function applet.get_var(_, name) return (variables or {})[name] end
            function applet.send(self, text) self.sent = self.sent .. text end
            core.registered.sentinel_refuse.service(applet)
            return applet.sent
        end
        local name = { ["sess.redis_master"] = "mymaster" }

        it("tells state, reason and since when, on one line, after a moment", function()
            hear({ open = false, state = "no-quorum", reason = "only 1 of 3\r\nSentinels", server = none })
            assert.equal(
                "-MASTERDOWN no master for mymaster: too few Sentinels can be heard (no-quorum since "
                .. "2026-11-27T05:00:00.000Z), only 1 of 3  Sentinels\r\n", refuse(name))
            assert.same({ 20 }, core.slept)
        end)

        it("has words for each state", function()
            for _, state in ipairs({
                "ok", "degraded", "silent", "isolated", "odown", "switching", "not-master", "no-quorum", "conflict",
                "regress", "stale", "unknown-name",
            }) do
                hear({ open = false, state = state })
                local text = refuse(name)
                assert.truthy(text:find("(" .. state, 1, true), text)
                assert.is_nil(text:find("it may not be used", 1, true), text)
            end
        end)

        it("tells names that nobody watches from those not known yet", function()
            assert.truthy(refuse(name):find("no agent has been heard yet"))
            hear()
            verdicts:confirm(agent)
            assert.truthy(refuse({ ["sess.redis_master"] = "other" }):find("no master for other: nobody watches"))
        end)

        it("prefers what SPOE's agent has answered this very connection", function()
            hear()
            assert.truthy(refuse({
                ["sess.redis_master"] = "mymaster", ["sess.sentinel.state"] = "odown", ["sess.sentinel.reason"] = "why",
            }):find("the master is down %(odown%), why"))
        end)

        it("refuses also when it cannot say why", function()
            verdicts.find = function() error("broken") end
            assert.equal("-MASTERDOWN no master is known\r\n", refuse(name))
        end)

        it("is one short line whatever an agent says", function()
            hear({ open = false, state = "conflict", reason = ("x\r\n+OK\r\n"):rep(100) })
            local text = refuse(name)
            assert.equal(1, select(2, text:gsub("\n", "")))
            assert.truthy(#text <= 302)
        end)
    end)

    describe("show sentinel", function()
        local feed, fence
        before_each(function()
            feed = require("sentinel.feed").new({ { text = "a:1" } }, nil, verdicts, function() end)
            fence = { states = function()
                return { { backend = "nodes", server = "R1", state = "ready", sessions = 2 } }
            end }
            require("sentinel.cli").register(verdicts, { feed }, fence)
        end)

        local function show(...)
            local applet = { sent = "" }
            function applet.send(self, text) self.sent = self.sent .. text end
            core.registered["show sentinel"].cli(applet, "show", "sentinel", ...)
            return applet.sent
        end

        it("shows names, ages, servers, and whom it follows", function()
            assert.truthy(show():find("agent a:1: not connected, not tried yet", 1, true))
            hear()
            hear({ name = "other", open = false, state = "odown", reason = "down" })
            feed:mark_connected(agent)
            core.time = core.time + 1
            local text = show()
            assert.truthy(text:find("agent a:1: followed for 1 s", 1, true), text)
            assert.truthy(text:find("mymaster  R1      10.0.0.1:6379  ok     yes   3/3    1.0s  a:1", 1, true), text)
            assert.truthy(text:find('"down"', 1, true), text)
            assert.truthy(text:find("server nodes/R1: ready, 2 sessions", 1, true), text)
        end)

        it("shows one name, as JSON on request, in any order", function()
            hear()
            hear({ name = "other" })
            assert.is_nil(show("mymaster"):find("other", 1, true))
            local json = require("sentinel.json")
            for _, words in ipairs({ { "mymaster", "json" }, { "json", "mymaster" } }) do
                local shown = json.decode(show(table.unpack(words)))
                assert.equal(1, #shown.masters)
                assert.equal("R1", shown.masters[1].server)
                assert.is_true(shown.masters[1].open)
                assert.equal(2, shown.servers[1].sessions)
                assert.is_false(shown.agents[1].connected)
            end
        end)

        it("says what is not there, and how it is used", function()
            assert.equal("no verdict on the name 'x'\n", show("x"))
            assert.truthy(show("a", "b"):find("usage"))
            verdicts.find = function() error("broken") end
            assert.truthy(show("x"):find("an error"))
        end)
    end)
end)
