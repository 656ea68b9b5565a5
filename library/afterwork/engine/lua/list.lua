#!lua flags=no-writes
-- Jobs newest first by (created, id), merged from the indexes.
-- ARGV: state ('' = all; scheduled and queued are told apart by the due time) kind queue size, then the last page's created and id, or empty.
-- Returns {now, jobs, created and id of the last candidate if there may be more, else '' ''}; job: {id, record as a flat list, problem envelope or false}.
local at = now()
local state, kind_filter, queue_filter, size = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local after_created, after_id = tonumber(ARGV[5]), ARGV[6]
local CHUNK = 50

local states = { 'waiting', 'running', 'succeeded', 'failed', 'cancelled' }
if state == 'scheduled' or state == 'queued' then
  states = { 'waiting' }
elseif state ~= '' then
  states = { state }
end

local sources = {}
for _, queue in ipairs(queue_filter == '' and call('SMEMBERS', QUEUES) or { queue_filter }) do
  for _, kind in ipairs(kind_filter == '' and call('HKEYS', LANES .. queue) or { kind_filter }) do
    for _, one in ipairs(states) do
      sources[#sources + 1] = { key = index_key(queue, kind, one), members = {}, next = 1, offset = 0 }
    end
  end
end

local function is_before(created, id)
  if not after_created or created < after_created then return true end
  return created == after_created and id < after_id
end

-- The next id of a source and its created time; nil at the end.
local function peek(source)
  while true do
    local id, created = source.members[source.next], source.members[source.next + 1]
    if id then
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
  for _, source in ipairs(sources) do
    local id, created = peek(source)
    if id and (not best or created > best_created or (created == best_created and id > best_id)) then
      best, best_id, best_created = source, id, created
    end
  end
  if best then best.next = best.next + 2 end
  return best_id, best_created
end

local function is_wanted(id)
  if state ~= 'scheduled' and state ~= 'queued' then return true end
  return (tonumber(call('HGET', JOB .. id, 'due')) > at) == (state == 'scheduled')
end

local jobs, last_id, last_created, candidates = {}, '', '', 0
while #jobs < size and candidates < LIST_CANDIDATES do
  local id, created = newest()
  if not id then return { at, jobs, '', '' } end
  candidates, last_id, last_created = candidates + 1, id, tostring(created)
  if is_wanted(id) then
    local record = call('HGETALL', JOB .. id)
    local failed = call('HGET', JOB .. id, 'state')
    jobs[#jobs + 1] = { id, record, (failed == 'failed' or failed == 'cancelled') and call('GET', RESULT .. id) }
  end
end
if not newest() then return { at, jobs, '', '' } end
return { at, jobs, last_created, last_id }
