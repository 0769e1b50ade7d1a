-- As much of JSON as event lines need, strictly: objects, strings, numbers, true, false, null, and
-- arrays, which nobody looks into. A null is left out of its object.
local json = {}

local deepest = 8

local escapes = {
    ['"'] = '"', ["\\"] = "\\", ["/"] = "/",
    b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
}
local literals = { t = { "true", true }, f = { "false", false }, n = { "null", nil } }

local function fail(what, at)
    error({ json = what .. " at byte " .. at }, 0)
end

local function skip_blanks(text, at)
    return text:find("[^ \t\r\n]", at) or #text + 1
end

local function escaped(text, at)
    local kind = text:sub(at + 1, at + 1)
    if escapes[kind] then
        return escapes[kind], at + 2
    end
    local code = kind == "u" and text:match("^%x%x%x%x", at + 2)
    if not code then
        fail("a bad escape", at)
    end
    code = tonumber(code, 16)
    local low = code >= 0xD800 and code < 0xDC00 and text:match("^\\u([dD][c-fC-F]%x%x)", at + 6)
    if low then
        code = 0x10000 + ((code - 0xD800) << 10) + (tonumber(low, 16) - 0xDC00)
        return utf8.char(code), at + 12
    end
    return utf8.char(code), at + 6
end

local function read_string(text, at)
    local parts = {}
    at = at + 1
    while true do
        local stop = text:find('[%c"\\]', at)
        if not stop then
            fail("a string without an end", at)
        end
        local plain, what = text:sub(at, stop - 1), text:sub(stop, stop)
        if what == '"' then
            if #parts == 0 then
                return plain, stop + 1
            end
            parts[#parts + 1] = plain
            return table.concat(parts), stop + 1
        elseif what ~= "\\" then
            fail("a control character", stop)
        end
        parts[#parts + 1] = plain
        parts[#parts + 1], at = escaped(text, stop)
    end
end

local read_value

-- The members between the brackets that open at `at`; `take` reads and keeps one.
local function read_members(text, at, closing, take)
    at = skip_blanks(text, at + 1)
    if text:sub(at, at) == closing then
        return at + 1
    end
    while true do
        at = skip_blanks(text, take(at))
        local mark = text:sub(at, at)
        if mark == closing then
            return at + 1
        elseif mark ~= "," then
            fail("no , or " .. closing, at)
        end
        at = skip_blanks(text, at + 1)
    end
end

local function read_object(text, at, depth)
    local object = {}
    return object, read_members(text, at, "}", function(here)
        if text:sub(here, here) ~= '"' then
            fail("no name of a member", here)
        end
        local key
        key, here = read_string(text, here)
        here = skip_blanks(text, here)
        if text:sub(here, here) ~= ":" then
            fail("no :", here)
        end
        object[key], here = read_value(text, skip_blanks(text, here + 1), depth + 1)
        return here
    end)
end

local function read_array(text, at, depth)
    local array = {}
    return array, read_members(text, at, "]", function(here)
        array[#array + 1], here = read_value(text, here, depth + 1)
        return here
    end)
end

function read_value(text, at, depth)
    if depth > deepest then
        fail("too many levels", at)
    end
    local first = text:sub(at, at)
    if first == '"' then
        return read_string(text, at)
    elseif first == "{" then
        return read_object(text, at, depth)
    elseif first == "[" then
        return read_array(text, at, depth)
    end
    local literal = literals[first]
    if literal and text:sub(at, at + #literal[1] - 1) == literal[1] then
        return literal[2], at + #literal[1]
    end
    local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
    if not number or not tonumber(number) then
        fail("no value", at)
    end
    return tonumber(number), at + #number
end

-- The value of a text; or nothing and what is wrong with it.
function json.decode(text)
    local well, value, after = pcall(read_value, text, skip_blanks(text, 1), 1)
    if not well then
        return nil, type(value) == "table" and value.json or tostring(value)
    end
    if skip_blanks(text, after) <= #text then
        return nil, "more than one value"
    end
    return value
end

-- A text as JSON has it.
function json.quote(text)
    return '"' .. text:gsub('[%c"\\]', function(c)
        return string.format("\\u%04x", c:byte())
    end) .. '"'
end

return json
