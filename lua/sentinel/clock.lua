local clock = {}

-- Seconds on HAProxy's clock, which never goes back; and the machine's, which counts on while the
-- process is stopped or the machine asleep. The second one may be set by hand, hence both.
function clock.now()
    local now = core.now()
    return now.sec + now.usec / 1000000, os.time()
end

-- A moment, to ask later how long ago it was.
function clock.moment()
    local steady, wall = clock.now()
    return { steady = steady, wall = wall }
end

-- Seconds since `moment`: the longer of both clocks. A whole second of the wall clock is allowed
-- for, as it counts in seconds.
function clock.age(moment)
    local steady, wall = clock.now()
    local by_steady, by_wall = steady - moment.steady, wall - moment.wall - 1
    return by_wall > by_steady and by_wall or by_steady
end

return clock
