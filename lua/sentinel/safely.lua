-- An error that nobody catches ends a task of HAProxy for good, and is an alert in its log. So
-- everything that HAProxy calls goes through here.
local safely = {}

local told = {}  -- each kind of error is logged once

local function note(what, problem)
    problem = tostring(problem)
    if not told[what .. problem] then
        told[what .. problem] = true
        core.log(core.err, "sentinel: " .. what .. ": " .. problem .. "; please report this")
    end
end

-- `act` as a function that never fails: where it does, the answer is `otherwise`.
function safely.wrap(what, otherwise, act)
    local function finish(well, ...)
        if well then
            return ...
        end
        note(what, (...))
        return otherwise
    end
    return function(...)
        return finish(pcall(act, ...))
    end
end

-- Calls `act` again and again until it answers true, and rests for a second after an error.
function safely.forever(what, act)
    while true do
        local well, problem = pcall(act)
        if not well then
            note(what, problem)
            core.msleep(1000)
        elseif problem then
            return
        end
    end
end

return safely
