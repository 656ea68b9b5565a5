-- Members of a lane that have no record: jobs of stock ARQ clients, and whatever else somebody wrote there. Each becomes a
-- job; one that cannot be read fails, with its bytes kept.
local LONGEST_ID = 512
local SEQUENCES = { -- of UTF-8 (RFC 3629), beyond ASCII
  '[\194-\223][\128-\191]', '\224[\160-\191][\128-\191]', '[\225-\236\238\239][\128-\191][\128-\191]',
  '\237[\128-\159][\128-\191]', '\240[\144-\191][\128-\191][\128-\191]',
  '[\241-\243][\128-\191][\128-\191][\128-\191]', '\244[\128-\143][\128-\191][\128-\191]',
}

-- Whether an id can be told to everybody: some text, in one line, not too long.
local function is_sound(id)
  if id == '' or #id > LONGEST_ID or string.find(id, '%c') then return false end
  if not string.find(id, '[\128-\255]') then return true end
  for _, sequence in ipairs(SEQUENCES) do id = string.gsub(id, sequence, '.') end
  return not string.find(id, '[\128-\255]')
end

-- The record of a new job for the member; the job has an id of its own if the member cannot be one.
local function adopt(member, kind, level, due)
  local id, default = member, defaults[kind]
  if not is_sound(member) then
    id = 'adopted-' .. redis.sha1hex(member)
    redis.pcall('RENAME', PAYLOAD .. member, PAYLOAD .. id) -- there may be none
    remove(lane_key(queue, kind, level), member)
    if read(id) then return nil end
    add(lane_key(queue, kind, level), due, id)
  end
  call('PERSIST', PAYLOAD .. id)
  call('HSET', JOB .. id, 'queue', queue, 'kind', kind, 'level', level, 'state', 'waiting', 'version', 1,
    'state_version', 1, 'created', text(at), 'due', text(math.max(0, due)), 'attempt', 0, 'claims', 0, 'deaths', 0,
    'max_attempts', default.max_attempts, 'timeout', default.timeout, 'durability', 'unknown')
  add(index_key(queue, kind, 'waiting'), at, id)
  call('SADD', QUEUES, queue)
  call('HSETNX', LANES .. queue, kind, '')
  call('HINCRBY', LEDGER, 'adopted', 1)
  return read(id)
end
