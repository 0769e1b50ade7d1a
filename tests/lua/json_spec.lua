local fake = require("tests.lua.fake_core")

describe("json", function()
    local json
    before_each(function()
        fake.install()
        json = require("sentinel.json")
    end)

    it("reads an event line", function()
        local line = json.decode(
            '{"event":"master","open":true,"server":null,"epoch":7,"servers":{"R1":"maint"}, "list" : [1, [2]] }')
        assert.same({ event = "master", open = true, epoch = 7, servers = { R1 = "maint" }, list = { 1, { 2 } } }, line)
    end)

    it("reads strings with escapes, also beyond the first plane", function()
        assert.equal('a"\\/\n\té😀', json.decode('"a\\"\\\\\\/\\n\\t\\u00e9\\ud83d\\ude00"'))
    end)

    it("reads numbers, and keeps whole ones whole", function()
        assert.equal("integer", math.type(json.decode("12")))
        assert.equal(-1.5e3, json.decode("-1.5e3"))
    end)

    it("refuses whatever is not one whole value", function()
        for _, text in ipairs({
            "", "{", "}", '{"a"}', '{"a":}', '{"a":1,}', '{a:1}', "[1,]", "[1", '"a', '"a\nb"', '"\\x"', '"\\u12"',
            "tru", "nul", "-", "+1", "0x1", "1 2", "{} {}", "'a'", ".5",
        }) do
            local value, problem = json.decode(text)
            assert.is_nil(value, text)
            assert.is_string(problem, text)
        end
    end)

    it("refuses every beginning of a line", function()
        local line = '{"event":"master","open":true,"epoch":7,"servers":{"R1":"ma\\u0069nt"},"l":[1,null]}'
        for length = 1, #line - 1 do
            assert.is_nil(json.decode(line:sub(1, length)), line:sub(1, length))
        end
        assert.is_table(json.decode(line))
    end)

    it("refuses deep nesting instead of following it", function()
        assert.is_nil(json.decode(("["):rep(100000)))
        assert.is_nil(json.decode(('{"a":'):rep(100000)))
    end)

    it("quotes what a text may contain", function()
        assert.equal('"a\\u0022\\u005c\\u000ab"', json.quote('a"\\\nb'))
        assert.equal('a"\\\nb', json.decode(json.quote('a"\\\nb')))
    end)
end)
