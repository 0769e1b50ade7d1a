-- The options, words of the form key=value:
--
--     agent=HOST:PORT        the HTTP address of an agent; several are tried in turn
--     name=NAME              follow this name only, on a connection of its own; may be repeated
--     max_age=5s             how old a verdict may be when no agent confirms it any more
--     backend=BACKEND/NAME   keep the servers of this backend as the verdict of NAME has it
--     read_backend=BACKEND/NAME   the same for a backend of NAME's reads
--     refuse_after=20ms      how long sentinel_refuse waits before it says no
--
-- A NAME is written as in a URL where it has blanks, `"`, `$` or `%`: `my%20cache`.
local options = {}

local units = { ms = 0.001, s = 1, m = 60, h = 3600 }

-- Seconds of `500ms`, `5s`, `1m`; nothing when it is none of these.
function options.seconds(text)
    local number, unit = tostring(text):match("^(%d+)(%a+)$")
    if number and units[unit] then
        return tonumber(number) * units[unit]
    end
    return nil
end

-- The text in which %XX stands for a byte; nothing when a % is followed by something else.
function options.decoded(text)
    local well = not text:gsub("%%%x%x", ""):find("%", 1, true)
    return well and (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)) or nil
end

local function duration(key, low, high)
    return function(chosen, value)
        local seconds = options.seconds(value)
        if not seconds then
            return key .. " is a whole number with a unit, as in 5s or 500ms, not '" .. value .. "'"
        end
        if seconds < low or seconds > high then
            return key .. " is from " .. low .. " s to " .. high .. " s, not " .. value
        end
        chosen[key] = seconds
        return nil
    end
end

local function kept_backend(key, reads)
    return function(chosen, value)
        local backend, name = value:match("^([^/]+)/(.+)$")
        name = name and options.decoded(name)
        if not name then
            return key .. " is BACKEND/NAME, a backend of haproxy.cfg and the monitored name whose"
                .. " servers it has, not '" .. value .. "'"
        end
        for _, other in ipairs(chosen.backends) do
            if other.backend == backend then
                return "backend '" .. backend .. "' is given twice"
            end
        end
        chosen.backends[#chosen.backends + 1] = { backend = backend, name = name, reads = reads or nil }
        return nil
    end
end

local readers = {
    -- An agent confirms its verdicts each second, so less would refuse between two heartbeats.
    max_age = duration("max_age", 2, 600),
    refuse_after = duration("refuse_after", 0, 5),

    agent = function(chosen, value)
        local host, port = value:match("^%[([%x:.]+)%]:(%d+)$")
        if not host then
            host, port = value:match("^([%w.-]+):(%d+)$")
        end
        port = tonumber(port)
        if not host or port < 1 or port > 65535 then
            return "agent is HOST:PORT, the agent's http.listen, not '" .. value .. "'"
        end
        chosen.agents[#chosen.agents + 1] = { host = host, port = port, text = value }
        return nil
    end,

    name = function(chosen, value)
        local name = options.decoded(value)
        if not name or name == "" then
            return "name is a monitored name, not '" .. value .. "'"
        end
        chosen.names[#chosen.names + 1] = name
        return nil
    end,

    backend = kept_backend("backend", false),
    read_backend = kept_backend("read_backend", true),
}

-- The options of these words; or nothing and what is wrong.
function options.parse(words)
    local chosen = { agents = {}, names = {}, backends = {}, max_age = 5, refuse_after = 0.02 }
    for _, word in ipairs(words) do
        local key, value = word:match("^([%w_]+)=(.*)$")
        if not key or not readers[key] then
            return nil, "'" .. word .. "' is none of the options agent=, name=, max_age=, backend=,"
                .. " read_backend=, refuse_after="
        end
        local problem = readers[key](chosen, value)
        if problem then
            return nil, problem
        end
    end
    if #chosen.agents == 0 then
        readers.agent(chosen, "127.0.0.1:9005")
    end
    return chosen
end

return options
