-- What haproxy.cfg may ask of the table: `lua.sentinel_server(NAME)` and `lua.sentinel_state(NAME)`,
-- and both as converters of a name: `var(sess.redis_master),lua.sentinel_server`. The server of
-- `lua.sentinel_server(NAME,clear)` is empty also while a better verdict is worth waiting for. Likewise
-- `lua.sentinel_replica(NAME)`: a replica that is fresh enough for reads, each in its turn; empty without one. And
-- `lua.sentinel_read(NAME)`, also with `clear`: the same, or without one the server that stands in for them.
--
-- A fetch that answers nil would be the text "0" in a rule; the empty text is no server's name.
local safely = require("sentinel.safely")

local Fetches = {}

function Fetches.register(verdicts)
    local function server(name, which)
        return verdicts:server(name, which == "clear")
    end
    local function state(name)
        return (verdicts:state(name))
    end
    local function replica(name)
        return verdicts:replica(name)
    end
    local function read(name, which)
        return verdicts:read(name, which == "clear")
    end
    local function of_name(ask)
        return function(_, name, which)
            return ask(name, which)
        end
    end
    core.register_fetches("sentinel_server", safely.wrap("sentinel_server", "", of_name(server)))
    core.register_fetches("sentinel_state", safely.wrap("sentinel_state", "stale", of_name(state)))
    core.register_converters("sentinel_server", safely.wrap("sentinel_server", "", server))
    core.register_converters("sentinel_state", safely.wrap("sentinel_state", "stale", state))
    core.register_fetches("sentinel_replica", safely.wrap("sentinel_replica", "", of_name(replica)))
    core.register_converters("sentinel_replica", safely.wrap("sentinel_replica", "", replica))
    core.register_fetches("sentinel_read", safely.wrap("sentinel_read", "", of_name(read)))
    core.register_converters("sentinel_read", safely.wrap("sentinel_read", "", read))
end

return Fetches
