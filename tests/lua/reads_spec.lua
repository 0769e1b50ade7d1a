local fake = require("tests.lua.fake_core")
local verdict, none = fake.verdict, fake.none

describe("reads", function()
    local core, Verdicts, verdicts, agent
    before_each(function()
        core = fake.install()
        Verdicts = require("sentinel.verdicts")
        verdicts = Verdicts.new(5)
        agent = Verdicts.begin("a:1")
    end)

    -- Reads go to these; `replicas` is what the agent says of them beside.
    local function hear(reads, replicas, changes)
        local line = { reads = reads, replicas = { fallback = "master", reason = "", weights = {}, servers = {} } }
        for key, value in pairs(replicas or {}) do
            line.replicas[key] = value
        end
        for key, value in pairs(changes or {}) do
            line[key] = value
        end
        return verdicts:take(agent, verdict(line))
    end

    local function turns(count)
        local out = {}
        for i = 1, count do
            out[i] = verdicts:read("mymaster")
        end
        return table.concat(out, " ")
    end

    local function shares(count)
        local out = {}
        for _ = 1, count do
            local server = verdicts:read("mymaster")
            out[server] = (out[server] or 0) + 1
        end
        return out
    end

    it("go to each replica as often as its weight says, evenly mixed", function()
        assert.is_true(hear({ "R2", "R3" }, { weights = { R2 = 3, R3 = 1 } }))
        assert.equal("R2 R2 R3 R2 R2 R2 R3 R2", turns(8))
        assert.same({ R2 = 750, R3 = 250 }, shares(1000))
    end)

    it("keep their turns when the agent repeats itself, and give a newcomer no arrears", function()
        hear({ "R2", "R3" })
        assert.equal("R2", turns(1))
        hear({ "R2", "R3" })
        assert.equal("R3", turns(1))
        hear({ "R3" })
        assert.equal("R3 R3 R3", turns(3))
        hear({ "R2", "R3" })
        assert.same({ R2 = 50, R3 = 50 }, shares(100))
    end)

    it("weigh the same for an agent that says nothing of weights", function()
        assert.is_true(verdicts:take(agent, verdict({ reads = { "R2", "R3" } })))
        assert.equal("R2 R3 R2 R3", turns(4))
    end)

    it("get what a write would where none is fresh, if that is the fallback", function()
        hear({})
        assert.equal("R1", verdicts:read("mymaster"))
        assert.equal("", verdicts:replica("mymaster"))
        hear({}, {}, { open = false, state = "odown", wait = true })
        assert.equal("", verdicts:read("mymaster"))
        assert.is_true(verdicts:is_read_worth_waiting("mymaster"))
        hear({}, {}, { state = "silent", wait = true })
        assert.equal("R1", verdicts:read("mymaster"))
        assert.equal("", verdicts:read("mymaster", true))
        hear({ "R3" }, {}, { state = "silent", wait = true })
        assert.equal("R3", verdicts:read("mymaster", true))
        assert.is_false(verdicts:is_read_worth_waiting("mymaster"))
    end)

    it("are refused or wait where that is the fallback, and the agent's reason is told", function()
        local why = "no replica is fresh enough: R2 is silent"
        hear({}, { fallback = "refuse", reason = why })
        assert.equal("", verdicts:read("mymaster"))
        assert.is_false(verdicts:is_read_worth_waiting("mymaster"))
        assert.equal(why, verdicts:why_no_read("mymaster"))
        hear({}, { fallback = "wait", reason = why })
        assert.equal("", verdicts:read("mymaster"))
        assert.is_true(verdicts:is_read_worth_waiting("mymaster"))
        hear({ "R2" }, { fallback = "wait" })
        assert.is_false(verdicts:is_read_worth_waiting("mymaster"))
        core.time = core.time + 6
        assert.equal("", verdicts:read("mymaster"))
        assert.is_false(verdicts:is_read_worth_waiting("mymaster"))
        assert.equal("", verdicts:why_no_read("mymaster"))
    end)

    it("wait for the first word after HAProxy's start, and go nowhere without an agent", function()
        assert.is_true(verdicts:is_read_worth_waiting("mymaster"))
        assert.equal("", verdicts:read("mymaster"))
        core.time = core.time + 6
        assert.is_false(verdicts:is_read_worth_waiting("mymaster"))
    end)

    it("are not believed when they make no sense", function()
        for _, replicas in ipairs({
            { fallback = "none" }, { fallback = none }, { weights = 1 },
            { weights = { R2 = 0 } }, { weights = { R2 = 1.5 } }, { weights = { R2 = "1" } }, { weights = { R2 = -1 } },
            { weights = { R2 = 1000001 } }, { weights = { 1 } }, { servers = "R2" }, { servers = { R2 = "drain" } },
            { servers = { "ready" } },
        }) do
            assert.is_false(hear({ "R2" }, replicas))
        end
        assert.is_false(verdicts:take(agent, verdict({ reads = { "R2" }, replicas = "R2" })))
        assert.equal(0, verdicts.count)
    end)

    it("are believed although the reason for none is long", function()
        assert.is_true(hear({}, { fallback = "refuse", reason = ("x"):rep(5000) }))
        assert.equal(("x"):rep(300), verdicts:why_no_read("mymaster"))
    end)

    it("hold the connection until a replica is fresh", function()
        hear({}, { fallback = "wait" })
        require("sentinel.waiting").register(verdicts)
        core.on_sleep = function()
            verdicts:confirm(agent)
            if #core.slept == 3 then
                hear({ "R2" }, { fallback = "wait" })
            end
        end
        core.registered.sentinel_wait_read.action({}, "mymaster", "8s")
        assert.equal(3, #core.slept)
        core.registered.sentinel_wait_read.action({}, "mymaster", "8s")
        assert.equal(3, #core.slept)
    end)

    it("are refused in the agent's words, and writes in those of the state", function()
        require("sentinel.refusal").register(verdicts, 0)
        local function said(role)
            local out
            core.registered.sentinel_refuse.service({
                get_var = function(_, name)
                    return ({ ["sess.redis_master"] = "mymaster", ["sess.redis_role"] = role })[name]
                end,
                send = function(_, text) out = text end,
            })
            return out
        end
        hear({}, { fallback = "refuse", reason = "no replica is fresh enough:\r\nR2 is silent" })
        assert.equal(
            "-MASTERDOWN no replica for mymaster: no replica is fresh enough:  R2 is silent\r\n", said("replica"))
        assert.truthy(said("master"):find("no master for mymaster", 1, true))
        hear({}, {}, { open = false, state = "odown" })
        assert.truthy(said("replica"):find("no master for mymaster: the master is down", 1, true))
    end)

    describe("in a backend of their own", function()
        local fence, servers
        before_each(function()
            servers = { R1 = fake.server(), R2 = fake.server(), R3 = fake.server() }
            core.backends = { reads = { servers = servers } }
            fence = require("sentinel.fence").new({ { backend = "reads", name = "mymaster", reads = true } }, verdicts)
        end)

        local function orders()
            return table.concat(servers.R1.orders, " ") .. "|" .. table.concat(servers.R2.orders, " ")
                .. "|" .. table.concat(servers.R3.orders, " ")
        end

        it("are kept as the agent wants them there, not as it wants the writes", function()
            hear({ "R2", "R3" }, { servers = { R1 = "maint", R2 = "ready", R3 = "ready" } })
            fence:turn("mymaster")
            assert.equal("maint||", orders())
            hear({ "R2" }, { servers = { R1 = "maint", R2 = "ready", R3 = "leave" } })
            fence:turn("mymaster")
            assert.equal("maint||", orders())
            hear({ "R2" }, { servers = { R1 = "maint", R2 = "ready", R3 = "maint" } })
            fence:turn("mymaster")
            assert.equal("maint||maint", orders())
            hear({}, { servers = { R1 = "ready", R2 = "maint", R3 = "maint" } })
            fence:turn("mymaster")
            assert.equal("maint ready|maint|maint", orders())
        end)

        it("are left alone while the agent says nothing of them", function()
            verdicts:take(agent, verdict({ reads = { "R2" } }))
            fence:turn("mymaster")
            assert.equal("||", orders())
        end)
    end)

    it("are shown to people and to programs", function()
        local Cli = require("sentinel.cli")
        local feed = { agent = function() return { text = "a:1" } end }
        local no_fence = { states = function() return {} end }
        hear({ "R2", "R3" })
        assert.truthy(Cli.answer(verdicts, { feed }, no_fence, {}):find("\nreads of mymaster: R2 R3\n", 1, true))
        assert.truthy(Cli.answer(verdicts, { feed }, no_fence, { "json" }):find('"reads":"R2 R3"', 1, true))
        hear({}, { reason = "R2 is silent" })
        assert.truthy(
            Cli.answer(verdicts, { feed }, no_fence, {}):find("reads of mymaster: no replica, R2 is silent", 1, true))
        verdicts:take(agent, verdict())
        assert.is_nil(Cli.answer(verdicts, { feed }, no_fence, {}):find("reads of"))
    end)
end)
