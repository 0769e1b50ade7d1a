local fake = require("tests.lua.fake_core")
local verdict, none = fake.verdict, fake.none

describe("the fence", function()
    local core, verdicts, agent, fence, servers
    before_each(function()
        core = fake.install()
        local Verdicts, Fence = require("sentinel.verdicts"), require("sentinel.fence")
        servers = { R1 = fake.server(), R2 = fake.server(), R3 = fake.server() }
        core.backends = { nodes = { servers = servers } }
        verdicts = Verdicts.new(5)
        agent = Verdicts.begin("a:1")
        fence = Fence.new({ { backend = "nodes", name = "mymaster" } }, verdicts)
    end)

    local function hear(changes)
        assert.is_true(verdicts:take(agent, verdict(changes)))
        fence:turn("mymaster")
    end

    local to_second = { server = "R2", servers = { R1 = "maint", R2 = "ready", R3 = "maint" } }

    local function orders(name)
        return table.concat(servers[name].orders, " ")
    end

    it("keeps all but the master in maintenance, and says it once", function()
        hear()
        hear()
        assert.same({ "", "maint", "maint" }, { orders("R1"), orders("R2"), orders("R3") })
        assert.equal(2, #core.logged)
    end)

    it("lets the new master in and puts the old one out", function()
        hear()
        servers.R1.sessions = 9
        hear(to_second)
        assert.same({ "maint", "maint ready", "maint" }, { orders("R1"), orders("R2"), orders("R3") })
    end)

    it("ends the sessions that were still connecting when their server was put out", function()
        hear()
        hear(to_second)
        servers.R1.sessions = 3
        fence:tend()
        assert.equal("maint shut", orders("R1"))
        core.time = core.time + 1
        servers.R1.sessions = 3
        verdicts:confirm(agent)
        fence:tend()
        assert.equal("maint shut", orders("R1"), "later it is the heartbeat that mends")
        fence:turn()
        assert.equal("maint shut shut", orders("R1"))
    end)

    it("never lifts maintenance that is somebody else's, and says so", function()
        servers.R2.status = "MAINT"
        hear()
        hear(to_second)
        hear(to_second)
        assert.equal("", orders("R2"))
        local said = table.concat(core.logged, "\n")
        local _, times = said:gsub("nodes/R2 should be used, and somebody else has put it into maintenance", "")
        assert.equal(1, times)
        servers.R2.status = "no check"
        hear(to_second)
        servers.R2.status = "MAINT"
        hear(to_second)
        _, times = table.concat(core.logged, "\n"):gsub("should be used", "")
        assert.equal(2, times)
    end)

    it("puts out again what somebody sets ready, and ends sessions on what is out", function()
        hear()
        servers.R2.status = "no check"
        fence:turn()
        assert.equal("maint maint", orders("R2"))
        servers.R3.sessions = 1
        fence:turn()
        assert.equal("maint", orders("R3"))  -- it may still be connecting
        core.time = core.time + 0.06
        fence:turn()
        assert.equal("maint shut", orders("R3"))
    end)

    it("takes maintenance for an operator's when it was lifted in between", function()
        hear()
        servers.R2.status = "no check"
        hear({ servers = { R1 = "ready", R2 = "leave", R3 = "maint" } })
        servers.R2.status = "MAINT"
        hear(to_second)
        assert.equal("maint", orders("R2"))
    end)

    describe("of servers that are to be idle", function()
        local first = { servers = { R1 = "ready", R2 = "maint", R3 = "maint" }, idle = { "R2", "R3" } }
        local second = { server = "R2", servers = { R1 = "maint", R2 = "ready", R3 = "maint" }, idle = { "R1", "R3" } }

        local function after(seconds, changes)
            core.time = core.time + seconds
            verdicts:confirm(agent)
            hear(changes)
        end

        it("lets them rest in ready", function()
            hear(first)
            hear(first)
            assert.same({ "", "", "" }, { orders("R1"), orders("R2"), orders("R3") })
        end)

        it("puts the old master out, and lets it rest when its last connection is over", function()
            hear(first)
            servers.R1.sessions = 9
            hear(second)
            assert.equal("maint", orders("R1"))
            servers.R1.sessions = 1
            after(4, second)
            assert.equal("maint shut", orders("R1"))
            servers.R1.sessions = 0
            after(1, second)
            assert.equal("maint shut ready", orders("R1"))
            after(1, second)
            assert.equal("maint shut ready", orders("R1"))
        end)

        it("does not let it rest before 3 s, for a connection may still be under way", function()
            hear(first)
            hear(second)
            after(2.9, second)
            assert.equal("maint", orders("R1"))
            after(0.2, { open = false, state = "no-quorum", servers = { R1 = "leave", R2 = "leave", R3 = "leave" } })
            assert.equal("maint ready", orders("R1"))
        end)

        it("puts out one that has a session which no verdict led there", function()
            hear(first)
            servers.R3.sessions = 1
            hear(first)
            assert.equal("maint", orders("R3"))
        end)

        it("never lifts somebody else's maintenance", function()
            hear(first)
            servers.R2.status = "MAINT"
            after(10, first)
            assert.equal("", orders("R2"))
        end)
    end)

    it("leaves all as it is while nothing new is known", function()
        hear()
        hear({ open = false, state = "no-quorum", servers = { R1 = "leave", R2 = "leave", R3 = "leave" } })
        assert.same({ "", "maint", "maint" }, { orders("R1"), orders("R2"), orders("R3") })
    end)

    it("does not act on what was heard some time ago", function()
        hear({ open = false, server = none, servers = { R1 = "leave", R2 = "leave", R3 = "leave" } })
        verdicts:take(agent, verdict())
        core.time = core.time + 2
        fence:turn()
        assert.equal("", orders("R2"))
        verdicts:confirm(agent)
        fence:turn()
        assert.equal("maint", orders("R2"))
    end)

    it("keeps out a server that the name has not", function()
        servers.R9 = fake.server()
        hear()
        assert.equal("maint", orders("R9"))
    end)

    it("leaves a backend alone that has no server of the name", function()
        core.backends.nodes.servers = { w1 = fake.server(), w2 = fake.server() }
        hear()
        assert.same({}, core.backends.nodes.servers.w1.orders)
        assert.truthy(core.logged[1]:find("all are left as they are"))
    end)

    it("leaves other names' backends alone when one is spoken of", function()
        hear()
        servers.R2.status = "no check"
        fence:turn("other")
        assert.equal("maint", orders("R2"))
    end)

    it("says at the start that haproxy.cfg has no such backend, and passes it over", function()
        fence:check()
        assert.same({}, core.logged)
        core.backends = {}
        fence:check()
        assert.truthy(core.logged[1]:find("backend=nodes/mymaster: haproxy.cfg has no such backend", 1, true))
        hear()
        assert.equal("", orders("R2"))
    end)

    it("does a turn again that came in the middle of another", function()
        hear()
        servers.R1.set_maint = function()
            servers.R1.status = "MAINT"
            verdicts:take(agent, verdict())
            fence:turn("mymaster")
        end
        hear(to_second)
        assert.equal("no check", servers.R1.status)
        assert.equal("MAINT", servers.R2.status)
        assert.is_false(fence.busy)
    end)

    it("goes on after an error", function()
        servers.R1.get_stats = function() error("broken") end
        verdicts:take(agent, verdict())
        assert.is_false(pcall(fence.turn, fence))
        servers.R1 = fake.server()
        core.backends.nodes.servers.R1 = servers.R1
        fence:turn()
        assert.equal("maint", orders("R2"))
    end)
end)
