-- Time by Redis' clock, and who was heard when. `scripts.py` puts the names and times of `keys.py` above it as locals.
local call = redis.call

-- Milliseconds by Redis' clock. CLOCK_OFFSET is 0 except under the tests' loader.
local function clock()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000) + CLOCK_OFFSET
end

-- Our time, which never goes back: Redis' clock, and after that was set back, `ahead` of it, which shrinks from `since`.
-- last: the latest time by which anything was written. If that is half a lease ago, Redis was away or its clock was set
-- forward, and ours takes the occasion to catch up.
local function our_time(raw, last, ahead, since, lease)
  local at = raw + ahead
  if ahead == 0 then return math.max(at, last) end
  if at - last >= lease / 2 then return math.max(raw, last) end
  return math.max(at - math.min(ahead, math.floor(math.max(0, at - since) / CLOCK_SLEW)), last)
end

local function read_pulse()
  local pulse = call('HMGET', PULSE, 'last', 'ahead', 'since', 'lease', 'heard', 'holds')
  for i = 1, 6 do pulse[i] = tonumber(pulse[i] or 0) end
  return unpack(pulse)
end

local function write_pulse(at, raw, ahead, ...)
  call('HSET', PULSE, 'last', at, ...)
  if at - raw ~= ahead then call('HSET', PULSE, 'ahead', at - raw, 'since', at) end
end

-- For those who only read.
local function now() return our_time(clock(), read_pulse()) end

-- For those who write it down: nobody will be told an earlier time any more.
local function tick()
  local raw = clock()
  local last, ahead, since, lease = read_pulse()
  local at = our_time(raw, last, ahead, since, lease)
  write_pulse(at, raw, ahead)
  return at
end

-- Note that somebody was heard; returns the time, and until when lapsed leases hold all the same.
-- If nobody was for half a lease, Redis itself was away or frozen, or its clock was set forward, and everyone must be
-- able to renew first.
local function hear(lease)
  local raw = clock()
  local last, ahead, since, _, heard, holds = read_pulse()
  local at = our_time(raw, last, ahead, since, lease)
  if heard > 0 and math.max(at, raw + ahead) - heard >= lease / 2 then holds = at + lease end
  write_pulse(at, raw, ahead, 'lease', lease, 'heard', at, 'holds', holds)
  return at, holds
end
