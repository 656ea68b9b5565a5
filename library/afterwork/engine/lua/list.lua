#!lua flags=no-writes
-- Jobs newest first by (created, id), merged from the indexes, or from a tag's.
-- ARGV: state (scheduled and queued are told apart by the due time) kind queue tag created_after size, then the last
-- page's created and id. Empty means any.
-- Returns {now, jobs, created and id of the last candidate if there may be more, else '' ''}; job: {id, record's names and values with NUL between them, problem envelope or false}.
local at = now()
local state, kind_filter, queue_filter, tag = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local oldest, size = tonumber(ARGV[5]) or -math.huge, tonumber(ARGV[6])
local after_created, after_id = tonumber(ARGV[7]), ARGV[8]
local CHUNK = 16

local states = { 'waiting', 'running', 'succeeded', 'failed', 'cancelled' }
if state == 'scheduled' or state == 'queued' then
  states = { 'waiting' }
elseif state ~= '' then
  states = { state }
end

local sources = {}

local function add_source(key, of_state)
  sources[#sources + 1] = { key = key, state = of_state, members = {}, next = 1, offset = 0 }
end

local function add_indexes()
  for _, queue in ipairs(queue_filter == '' and call('SMEMBERS', QUEUES) or { queue_filter }) do
    for _, kind in ipairs(kind_filter == '' and call('HKEYS', LANES .. queue) or { kind_filter }) do
      for _, one in ipairs(states) do add_source(index_key(queue, kind, one), one) end
    end
  end
end

if tag == '' then add_indexes() else add_source(TAG .. tag) end

local function is_before(created, id)
  if not after_created or created < after_created then return true end
  return created == after_created and id < after_id
end

-- The next id of a source and its created time; nil at the end.
local function peek(source)
  while true do
    local id, created = source.members[source.next], source.members[source.next + 1]
    if id then
      if tonumber(created) <= oldest then return nil end
      if is_before(tonumber(created), id) then return id, tonumber(created) end
      source.next = source.next + 2
    elseif source.is_over then
      return nil
    else
      source.members = call('ZREVRANGEBYSCORE', source.key, after_created or '+inf', '-inf', 'WITHSCORES',
        'LIMIT', source.offset, CHUNK)
      source.next, source.offset = 1, source.offset + CHUNK
      source.is_over = #source.members < 2 * CHUNK
    end
  end
end

local function newest()
  local best, best_id, best_created
  for i = #sources, 1, -1 do
    local source = sources[i]
    local id, created = peek(source)
    if not id then
      table.remove(sources, i)
    elseif not best or created > best_created or (created == best_created and id > best_id) then
      best, best_id, best_created = source, id, created
    end
  end
  if best then best.next = best.next + 2 end
  return best_id, best_created, best and best.state
end

-- What the index does not tell: the due time apart from the state, and everything in a tag's.
local function is_wanted(id)
  local is_waiting = state == 'scheduled' or state == 'queued'
  if tag == '' and not is_waiting then return true end
  local own = call('HMGET', JOB .. id, 'queue', 'kind', 'state', 'due')
  if not own[1] then return false end
  if queue_filter ~= '' and own[1] ~= queue_filter or kind_filter ~= '' and own[2] ~= kind_filter then return false end
  if state == '' then return true end
  if not is_waiting then return own[3] == state end
  return own[3] == 'waiting' and (tonumber(own[4]) > at) == (state == 'scheduled')
end

local jobs, last_id, last_created, candidates = {}, '', '', 0
while #jobs < size and candidates < LIST_CANDIDATES do
  local id, created, its_state = newest()
  if not id then return { at, jobs, '', '' } end
  candidates, last_id, last_created = candidates + 1, id, tostring(created)
  if is_wanted(id) then
    local record = table.concat(call('HGETALL', JOB .. id), '\0')  -- one value is read faster than forty
    its_state = its_state or call('HGET', JOB .. id, 'state')
    jobs[#jobs + 1] = { id, record, (its_state == 'failed' or its_state == 'cancelled') and read_text(RESULT .. id) }
  end
end
if not newest() then return { at, jobs, '', '' } end
return { at, jobs, last_created, last_id }
