-- `show sentinel [NAME] [json]` on HAProxy's own socket.
local clock = require("sentinel.clock")
local json = require("sentinel.json")
local safely = require("sentinel.safely")

local Cli = {}

local columns = { "name", "server", "address", "state", "open", "votes", "age", "agent", "since", "reason" }

local function rows_of(verdicts, wanted)
    local rows = {}
    for name in pairs(verdicts.entries) do
        if not wanted or name == wanted then
            local entry, age = verdicts:find(name)
            local server = verdicts:server(name)
            local state, reason = verdicts:state(name)
            rows[#rows + 1] = {
                name = name, server = server, address = entry.address or "", state = state,
                open = server ~= "", votes = entry.votes, sentinels = entry.sentinels,
                epoch = entry.epoch, age = age, agent = entry.connection.source,
                since = entry.since, reason = reason, wait = verdicts:is_worth_waiting(name),
                reads = table.concat(entry.reads, " "), no_reads = entry.no_reads,
                offers_reads = entry.read_wishes ~= nil or #entry.reads > 0,
            }
        end
    end
    table.sort(rows, function(a, b) return a.name < b.name end)
    return rows
end

local function cell(row, column)
    if column == "votes" then
        return row.votes .. "/" .. row.sentinels
    elseif column == "age" then
        return string.format("%.1fs", row.age)
    elseif column == "open" then
        return row.open and "yes" or "no"
    elseif column == "reason" then
        return row.reason ~= "" and '"' .. row.reason .. '"' or "-"
    end
    return row[column] ~= "" and row[column] or "-"
end

-- The rows under their columns' titles, each column as wide as it has to be.
local function table_of(rows)
    local lines, widths = { columns }, {}
    for _, row in ipairs(rows) do
        local line = {}
        for i, column in ipairs(columns) do
            line[i] = cell(row, column)
        end
        lines[#lines + 1] = line
    end
    for _, line in ipairs(lines) do
        for i, text in ipairs(line) do
            widths[i] = math.max(widths[i] or 0, #text)
        end
    end
    local out = {}
    for _, line in ipairs(lines) do
        local padded = {}
        for i, text in ipairs(line) do
            padded[i] = text .. (" "):rep(widths[i] - #text)
        end
        out[#out + 1] = (table.concat(padded, "  "):gsub("%s+$", ""))
    end
    return table.concat(out, "\n") .. "\n"
end

local function agent_of(feed)
    local agent = "agent " .. feed:agent().text .. (feed.name and " for " .. feed.name or "")
    if feed.connection then
        return string.format("%s: followed for %.0f s\n", agent, clock.age(feed.connected))
    end
    return agent .. ": not connected, " .. tostring(feed.trouble) .. "\n"
end

local function as_text(verdicts, feeds, fence, wanted)
    local out = {}
    for _, feed in ipairs(feeds) do
        out[#out + 1] = agent_of(feed)
    end
    local rows = rows_of(verdicts, wanted)
    out[#out + 1] = table_of(rows)
    for _, row in ipairs(rows) do
        if row.offers_reads then
            out[#out + 1] = "reads of " .. row.name .. ": "
                .. (row.reads ~= "" and row.reads or "no replica, " .. row.no_reads) .. "\n"
        end
    end
    for _, each in ipairs(fence:states()) do
        out[#out + 1] = string.format(
            "server %s/%s: %s, %d sessions\n", each.backend, each.server, each.state, each.sessions)
    end
    return table.concat(out)
end

-- An object with its members in this order; numbers and truths as they are.
local function object(members)
    local out = {}
    for _, member in ipairs(members) do
        local key, value = member[1], member[2]
        if type(value) == "string" then
            value = json.quote(value)
        elseif math.type(value) == "float" then
            value = string.format("%.3f", value)
        end
        out[#out + 1] = json.quote(key) .. ":" .. tostring(value)
    end
    return "{" .. table.concat(out, ",") .. "}"
end

local function array(items, make)
    local out = {}
    for i, item in ipairs(items) do
        out[i] = make(item)
    end
    return "[" .. table.concat(out, ",") .. "]"
end

local function as_json(verdicts, feeds, fence, wanted)
    local out = {
        '"agents":', array(feeds, function(feed)
            return object({
                { "agent", feed:agent().text }, { "name", feed.name or "" },
                { "connected", feed.connection ~= nil },
                { "connected_for", feed.connected and clock.age(feed.connected) or 0 },
                { "trouble", tostring(feed.trouble or "") },
            })
        end),
        ',"max_age":', string.format("%.3f", verdicts.max_age),
        ',"masters":', array(rows_of(verdicts, wanted), function(row)
            return object({
                { "name", row.name }, { "server", row.server }, { "address", row.address },
                { "state", row.state }, { "open", row.open }, { "wait", row.wait },
                { "epoch", row.epoch }, { "votes", row.votes }, { "sentinels", row.sentinels },
                { "age", row.age }, { "agent", row.agent }, { "since", row.since },
                { "reason", row.reason }, { "reads", row.reads },
            })
        end),
        ',"servers":', array(fence:states(), function(each)
            return object({
                { "backend", each.backend }, { "server", each.server }, { "state", each.state },
                { "sessions", each.sessions },
            })
        end),
    }
    return "{" .. table.concat(out) .. "}\n"
end

-- The answer to `show sentinel` with these words after it.
function Cli.answer(verdicts, feeds, fence, words)
    local write, wanted = as_text, nil
    for _, word in ipairs(words) do
        if word == "json" then
            write = as_json
        elseif not wanted then
            wanted = word
        else
            return "usage: show sentinel [NAME] [json]\n"
        end
    end
    if wanted and not verdicts:find(wanted) then
        return "no verdict on the name '" .. wanted .. "'\n"
    end
    return write(verdicts, feeds, fence, wanted)
end

function Cli.register(verdicts, feeds, fence)
    local answer = safely.wrap("show sentinel", "an error, see HAProxy's log\n", Cli.answer)
    local usage = "show sentinel [NAME] [json] : the masters that an agent of Redis Sentinel names"
    core.register_cli({ "show", "sentinel" }, usage, function(applet, _, _, ...)
        applet:send(answer(verdicts, feeds, fence, { ... }))
    end)
end

return Cli
