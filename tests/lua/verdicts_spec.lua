local fake = require("tests.lua.fake_core")
local verdict, none = fake.verdict, fake.none

describe("the table of verdicts", function()
    local core, Verdicts, verdicts, agent
    before_each(function()
        core = fake.install()
        Verdicts = require("sentinel.verdicts")
        verdicts = Verdicts.new(5)
        agent = Verdicts.begin("a:1")
    end)

    local function hear(line, connection)
        return verdicts:take(connection or agent, line)
    end

    it("names the server of an open verdict", function()
        assert.equal("", verdicts:server("mymaster"))
        assert.is_true(hear(verdict()))
        assert.equal("R1", verdicts:server("mymaster"))
        assert.equal("ok", (verdicts:state("mymaster")))
        assert.equal("", verdicts:server("other"))
    end)

    it("takes the only name where none is given, and none of two", function()
        hear(verdict())
        assert.equal("R1", verdicts:server(nil))
        assert.equal("R1", verdicts:server(""))
        hear(verdict({ name = "other" }))
        assert.equal("", verdicts:server(nil))
    end)

    it("names nothing when the verdict is closed, or maps to no server", function()
        hear(verdict({ open = false, state = "odown" }))
        assert.equal("", verdicts:server("mymaster"))
        hear(verdict({ server = none }))
        assert.equal("", verdicts:server("mymaster"))
    end)

    it("holds for its limit after the last word, and is stale then", function()
        hear(verdict())
        core.time = core.time + 3
        verdicts:confirm(agent)
        core.time = core.time + 4.9
        assert.equal("R1", verdicts:server("mymaster"))
        core.time = core.time + 0.2
        assert.equal("", verdicts:server("mymaster"))
        local state, reason = verdicts:state("mymaster")
        assert.equal("stale", state)
        assert.equal("no word from an agent for 5 s", reason)
        assert.is_false(verdicts:is_worth_waiting("mymaster"))
        verdicts:confirm(agent)
        assert.equal("R1", verdicts:server("mymaster"))
    end)

    it("grows old while the process is stopped, too", function()
        hear(verdict())
        fake.wall = 5
        assert.equal("R1", verdicts:server("mymaster"))
        fake.wall = 7
        assert.equal("", verdicts:server("mymaster"))
    end)

    it("does not grow younger when the machine's clock is set back", function()
        hear(verdict())
        fake.wall = -3600
        core.time = core.time + 5.1
        assert.equal("", verdicts:server("mymaster"))
    end)

    it("keeps what was known when a new agent knows no master yet, for its limit", function()
        hear(verdict())
        core.time = core.time + 2
        local fresh = Verdicts.begin("a:1")
        local nothing = verdict({ open = false, state = "no-quorum", server = none, address = none, votes = 0 })
        assert.is_true(hear(nothing, fresh))
        verdicts:confirm(fresh)
        assert.equal("R1", verdicts:server("mymaster"))
        core.time = core.time + 3.1
        verdicts:confirm(fresh)
        assert.equal("", verdicts:server("mymaster"))
        assert.equal("no-quorum", (verdicts:state("mymaster")))
        hear(verdict({ server = "R2" }), fresh)
        assert.equal("R2", verdicts:server("mymaster"))
    end)

    it("follows an agent that loses the master it had named itself", function()
        hear(verdict())
        hear(verdict({ open = false, state = "no-quorum", server = none, address = none }))
        assert.equal("", verdicts:server("mymaster"))
    end)

    it("forgets names that another agent has not, as soon as it has told all", function()
        hear(verdict({ name = "old" }))
        local other = Verdicts.begin("b:1")
        hear(verdict(), other)
        assert.equal("R1", verdicts:server("old"))
        verdicts:confirm(other)
        assert.equal("", verdicts:server("old"))
        assert.equal("unknown-name", (verdicts:state("old")))
        assert.equal("R1", verdicts:server("mymaster"))
    end)

    it("forgets no other names when an agent was asked for one only", function()
        hear(verdict({ name = "other" }))
        local one = Verdicts.begin("a:1", "mymaster")
        hear(verdict(), one)
        verdicts:confirm(one)
        assert.equal("R1", verdicts:server("other"))
        verdicts:confirm(Verdicts.begin("a:1", "mymaster"))
        assert.equal("", verdicts:server("mymaster"))
        assert.equal("R1", verdicts:server("other"))
    end)

    it("believes no line that makes no sense", function()
        for _, changes in ipairs({
            { name = none }, { name = "" }, { name = 7 }, { name = ("x"):rep(256) },
            { state = none },
            { state = "A\r\n" }, { server = 1 }, { server = "R1 R2" }, { server = "" },
            { address = {} }, { reason = {} },
            { reason = ("x"):rep(1001) }, { servers = "R1" }, { servers = { R1 = "up" } }, { servers = { "ready" } },
        }) do
            assert.is_false(hear(verdict(changes)))
        end
        assert.equal(0, verdicts.count)
        assert.is_true(hear(verdict({ open = "yes" })))
        assert.equal("", verdicts:server("mymaster"))
    end)

    it("holds ten thousand names and no more", function()
        for i = 1, 10000 do
            assert.is_true(hear(verdict({ name = "n" .. i })))
        end
        assert.is_false(hear(verdict({ name = "one more" })))
        assert.is_true(hear(verdict({ name = "n1", server = "R2" })))
        assert.equal("R2", verdicts:server("n1"))
    end)

    it("is worth waiting for in doubt, and while HAProxy has only just started", function()
        assert.is_true(verdicts:is_worth_waiting("mymaster"))
        core.time = core.time + 5.1
        assert.is_false(verdicts:is_worth_waiting("mymaster"))
        hear(verdict({ open = false, state = "switching", wait = true }))
        assert.is_true(verdicts:is_worth_waiting("mymaster"))
        hear(verdict())
        assert.is_false(verdicts:is_worth_waiting("mymaster"))
        assert.is_false(verdicts:is_worth_waiting("other"))
    end)
end)
