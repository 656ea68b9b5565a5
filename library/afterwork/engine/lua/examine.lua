#!lua flags=no-writes
-- What is wrong with jobs at this instant. ARGV in turn: a key, and the id of the job that it, or a member of it, belongs to.
-- A record is held against all that must stand for it; anything else against the record.
-- Returns per subject: code and key in turn; nothing if all is well, or if the subject is gone.
local at = now()
local _, _, _, lease = read_pulse()
local LAPSED = 60000 -- ms after a lease's end by which somebody should have taken the job back
local PUT_ASIDE = math.max(lease, 600000, FOREIGN_LOCK_MS) -- ms for which a step may put a member aside: the longest lease
local NUMBERS = {
  'version', 'state_version', 'created', 'due', 'attempt', 'claims', 'deaths', 'max_attempts', 'timeout',
}
local MAYBE_NUMBERS = { 'start_before', 'retention', 'started', 'finished' }

local STATES = { waiting = 'live', running = 'live', succeeded = 'ended', failed = 'ended', cancelled = 'ended' }

local function begins(key, prefix) return string.sub(key, 1, #prefix) == prefix end

-- The sorted sets in which a job must stand, and the keys of its own that it must have: key → code of its want.
-- Those of plain functions may be in the hands of stock workers, who tell nobody: only what is ours is wanted of them.
local function wanted_of(job)
  local sets, own = {}, {}
  sets[index_key(job.queue, job.kind, job.state)] = 'not-indexed'
  for tag in each_tag(job.tags) do sets[TAG .. tag] = 'tag-missing' end
  if job.kind == PLAIN then
    if STATES[job.state] == 'ended' then sets[EXPIRY] = 'never-swept' end
    return sets, own
  end
  if STATES[job.state] == 'live' then
    sets[place(job)] = 'no-place'
    own[PAYLOAD .. job.id] = 'payload-missing'
    if job.unique then own[unique_key(job.owner or '', job.kind, job.unique)] = 'unique-missing' end
  else
    sets[EXPIRY] = 'never-swept'
    own[RESULT .. job.id] = 'result-missing'
    -- one that failed unclaimed may never have had one
    if job.state ~= 'failed' or job.claims ~= '0' then own[PAYLOAD .. job.id] = 'payload-missing' end
  end
  if job.state == 'running' then sets[LEASES .. job.queue] = 'no-lease' end
  if job.start_before and job.state == 'waiting' and job.claims == '0' then sets[START_BEFORE] = 'start-unwatched' end
  if job.state ~= 'succeeded' then
    if job.follow_ups then own[THEN .. job.id] = 'then-missing' end
    if job.checkpoint then own[CHECKPOINT .. job.id] = 'checkpoint-missing' end
  end
  return sets, own
end

local function is_number(value) return value and string.find(value, '^-?%d+$') end

local function has_numbers(job)
  for _, name in ipairs(NUMBERS) do
    if not is_number(job[name]) then return false end
  end
  for _, name in ipairs(MAYBE_NUMBERS) do
    if job[name] and not is_number(job[name]) then return false end
  end
  return true
end

-- The record, or a code that says what is wrong with it; neither if there is none.
local function record_of(id)
  local found = redis.pcall('TYPE', JOB .. id).ok
  if found == 'none' then return nil end
  if found ~= 'hash' then return nil, 'record-broken' end
  local job = read(id)
  local is_whole = job and job.queue and job.kind and job.level and STATES[job.state] and has_numbers(job)
  if not is_whole then return nil, 'record-broken' end
  return job
end

local function score_of(key, id)
  local score = redis.pcall('ZSCORE', key, id)
  return type(score) == 'string' and tonumber(score)
end

-- What hinders a waiting job of a kind although all that is its own is there. A score that is too small rights itself.
local function hindrance(job)
  local score = score_of(place(job), job.id)
  if score and score > math.max(tonumber(job.due), at + PUT_ASIDE) then return 'wrong-time', place(job) end
  local key = PAYLOAD .. job.id
  if call('TYPE', key).ok == 'string' and not string.find(call('GETRANGE', key, 0, 63), '^%s*{') then
    return 'payload-broken', key
  end
end

local function about_record(id)
  local job, broken = record_of(id)
  if broken then return { broken, JOB .. id } end
  if not job then return {} end
  local wrong = {}
  local function note_wrong(code, key)
    wrong[#wrong + 1] = code
    wrong[#wrong + 1] = key
  end
  local sets, own = wanted_of(job)
  for key, code in pairs(sets) do
    if not score_of(key, id) then note_wrong(code, key) end
  end
  for key, code in pairs(own) do
    if call('TYPE', key).ok ~= 'string' then note_wrong(code, key) end
    if call('PTTL', key) >= 0 then note_wrong('expiring', key) end
  end
  if call('PTTL', JOB .. id) >= 0 then note_wrong('expiring', JOB .. id) end
  if job.kind ~= PLAIN and job.state == 'waiting' then
    local code, key = hindrance(job)
    if code then note_wrong(code, key) end
  end
  if call('SISMEMBER', QUEUES, job.queue) == 0 or call('HEXISTS', LANES .. job.queue, job.kind) == 0 then
    note_wrong('lane-unknown', LANES .. job.queue)
  end
  local lease_end = job.kind ~= PLAIN and job.state == 'running' and score_of(LEASES .. job.queue, id)
  if lease_end and lease_end < at - LAPSED then note_wrong('lease-lapsed', LEASES .. job.queue) end
  return wrong
end

local function about_member(key, id)
  if not score_of(key, id) then return {} end
  local job, broken = record_of(id)
  if broken then return {} end -- said of the record
  if job and job.kind == PLAIN and (key == place(job) or key == LEASES .. job.queue) then return {} end
  if job then return wanted_of(job)[key] and {} or { 'misplaced', key } end
  if begins(key, LANE) and call('EXISTS', PAYLOAD .. id) == 1 and call('PTTL', PAYLOAD .. id) ~= -1 then
    return { 'unadopted', key }
  end
  local is_place = begins(key, INDEX) or begins(key, LANE) or begins(key, SUSPECTS)
  return { is_place and 'record-missing' or 'orphan', key }
end

-- Whether a result is in the envelope of our kinds. Of plain functions they may stay for ever, when nobody knows the job.
local function is_of_a_kind(result)
  return result and begins(result, '{"t":') and string.find(result, ',"a":[],"k":{},"et":', 1, true)
end

-- What expires by itself is left alone: locks, and what belongs to stock ARQ's jobs.
local function about_own_key(key, id)
  if call('PTTL', key) ~= -1 then return {} end
  if begins(key, RESULT) and not is_of_a_kind(read_text(key)) then return {} end
  local job, broken = record_of(id)
  if broken then return {} end
  if not job then return { 'orphan', key } end
  if begins(key, LOCK) then return { 'lock-for-ever', key } end
  if job.kind == PLAIN then return {} end
  local is_live = STATES[job.state] == 'live'
  local _, own = wanted_of(job)
  local is_payload = begins(key, job.kind == PLAIN and ENDED_PAYLOAD or PAYLOAD) and not is_live
  local is_known = own[key] or begins(key, HISTORY) or begins(key, LOG) or is_payload
  return is_known and {} or { 'misplaced', key }
end

local function about_unique(key, id)
  if redis.pcall('GET', key) ~= id then return {} end
  local job, broken = record_of(id)
  if broken then return {} end
  if job and (job.kind == PLAIN or select(2, wanted_of(job))[key]) then return {} end
  return { 'unique-held', key }
end

local SETS = { LANE, SUSPECTS, LEASES, INDEX, TAG }
local function is_set(key)
  for _, prefix in ipairs(SETS) do
    if begins(key, prefix) then return true end
  end
  return key == EXPIRY or key == START_BEFORE
end

local found = {}
for i = 1, #ARGV, 2 do
  local key, id = ARGV[i], ARGV[i + 1]
  if key == JOB .. id then
    found[#found + 1] = about_record(id)
  elseif is_set(key) then
    found[#found + 1] = about_member(key, id)
  elseif begins(key, UNIQUE) then
    found[#found + 1] = about_unique(key, id)
  else
    found[#found + 1] = about_own_key(key, id)
  end
end
return found
