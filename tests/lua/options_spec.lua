local fake = require("tests.lua.fake_core")

describe("options", function()
    local options
    before_each(function()
        fake.install()
        options = require("sentinel.options")
    end)

    it("has a default for each", function()
        local chosen = options.parse({})
        assert.same({ { host = "127.0.0.1", port = 9005, text = "127.0.0.1:9005" } }, chosen.agents)
        assert.equal(5, chosen.max_age)
        assert.same({}, chosen.backends)
    end)

    it("reads each, agents and backends several times", function()
        local chosen = options.parse({
            "agent=a.example:9005", "agent=[::1]:9006", "max_age=2500ms", "name=a", "name=b c",
            "refuse_after=0ms",
            "backend=no:des/my:master", "backend=more/other", "read_backend=reads/other",
        })
        assert.same({
            { host = "a.example", port = 9005, text = "a.example:9005" },
            { host = "::1", port = 9006, text = "[::1]:9006" },
        }, chosen.agents)
        assert.equal(2.5, chosen.max_age)
        assert.same({ "a", "b c" }, chosen.names)
        assert.equal(0, chosen.refuse_after)
        assert.same({
            { backend = "no:des", name = "my:master" }, { backend = "more", name = "other" },
            { backend = "reads", name = "other", reads = true },
        }, chosen.backends)
    end)

    it("reads any name, as a URL has it", function()
        local chosen = options.parse({
            "name=my%20cache", "name=orders+shard1+dc1", "name=100%25%E2%86%92",
            "backend=nodes/demo/rd-demo", "read_backend=reads/demo%2Frd%2ddemo",
        })
        assert.same({ "my cache", "orders+shard1+dc1", "100%→" }, chosen.names)
        assert.same({
            { backend = "nodes", name = "demo/rd-demo" }, { backend = "reads", name = "demo/rd-demo", reads = true },
        }, chosen.backends)
    end)

    it("refuses all else, and names it", function()
        for _, word in ipairs({
            "max_age", "maxage=5s", "max_age=5", "max_age=1s", "max_age=11m", "max_age=-5s", "agent=host",
            "agent=host:0", "agent=host:65536", "agent=a b:1", "agent=", "backend=nodes", "backend=/x",
            "backend=nodes/", "backend=a/b%2", "read_backend=nodes", "refuse_after=6s", "name=", "name=%zz", "",
        }) do
            local chosen, problem = options.parse({ word })
            assert.is_nil(chosen, word)
            assert.truthy(problem:find(word:match("[^=]*$"), 1, true), problem)
        end
        assert.is_nil(options.parse({ "backend=nodes/a", "backend=nodes/b" }))
        assert.is_nil(options.parse({ "backend=nodes/a", "read_backend=nodes/a" }))
    end)

    it("knows units", function()
        assert.equal(0.5, options.seconds("500ms"))
        assert.equal(8, options.seconds("8s"))
        assert.equal(60, options.seconds("1m"))
        assert.is_nil(options.seconds("8"))
        assert.is_nil(options.seconds("8 s"))
    end)
end)
