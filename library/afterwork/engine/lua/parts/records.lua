-- The record of a job, what is told of its changes, and its history.
local function lane_key(queue, kind, level) return LANE .. queue .. ':' .. kind .. ':' .. level end

local function index_key(queue, kind, state) return INDEX .. queue .. ':' .. kind .. ':' .. state end

-- The sorted set in which a live job stands.
local function place(job)
  if job.suspect then return SUSPECTS .. job.queue end
  return lane_key(job.queue, job.kind, job.level)
end

local function wake(queue)
  if call('LLEN', WAKE .. queue) == 0 then call('LPUSH', WAKE .. queue, 1) end
end

-- The record as a table; nil if there is no such job. Read whole, which is faster than by the names of its fields.
local function read(id)
  local values = call('HGETALL', JOB .. id)
  if not values[1] then return nil end
  local job = { -- the fields that most jobs have, so that the table need not grow
    id = id, queue = false, kind = false, level = false, state = false, version = false, state_version = false,
    created = false, due = false, attempt = false, claims = false, deaths = false, max_attempts = false,
    timeout = false, durability = false, started = false, worker = false, token = false,
  }
  for i = 1, #values, 2 do job[values[i]] = values[i + 1] end
  return job
end

local function unique_key(owner, kind, unique) return UNIQUE .. owner .. ':' .. kind .. ':' .. unique end

-- Tell whoever listens. It is a hint: a user who may not publish must not break a transition in its middle.
local function tell(channel, message) redis.pcall('PUBLISH', channel, message) end

-- Write fields (flat list), count the change and tell who follows the job.
local function write(job, ...)
  job.version = text(job.version + 1)
  call('HSET', JOB .. job.id, 'version', job.version, ...)
  tell(CHANGED .. job.id, job.version .. ' ' .. job.state)
end

-- Note a state for the feed of all jobs. state: as users know it, scheduled or queued while the job waits.
local function announce_change(job, state, at)
  changes[#changes + 1] = job.id .. ' ' .. job.version .. ' ' .. state .. ' ' .. text(at) .. ' ' .. job.queue .. ' ' .. job.kind
end

-- Write fields together with a new state; the version that begins it is kept.
local function enter(job, state, at, ...)
  remove(index_key(job.queue, job.kind, job.state), job.id)
  add(index_key(job.queue, job.kind, state), job.created, job.id)
  job.state, job.state_version = state, text(job.version + 1)
  write(job, 'state', state, 'state_version', job.state_version, ...)
  announce_change(job, state ~= 'waiting' and state or tonumber(job.due) > at and 'scheduled' or 'queued', at)
end

local function append(job, entry)
  local key = HISTORY .. job.id
  local length = call('RPUSH', key, job.attempt .. '\n' .. entry)
  if length > HISTORY_ENTRIES then call('LTRIM', key, -HISTORY_ENTRIES, -1) end
end

-- Append the attempt that ends now to the history. after: the state that the next write enters, or scheduled or queued.
-- error: a problem document, a bare code, or empty.
local function remember(job, at, after, error)
  append(job, job.started .. '\n' .. text(at) .. '\n' .. job.worker .. '\n' .. job.state_version .. '\n'
    .. text(job.version + 1) .. '\n' .. after .. '\n' .. error)
end

-- The same for a state that was entered at this time and version and ended no attempt, so that it is not forgotten.
local function mark(job, at, version, state, error)
  append(job, '\n' .. text(at) .. '\n\n\n' .. text(version) .. '\n' .. state .. '\n' .. error)
end

-- What becomes of a job that is put back.
local function state_after(job, due, at)
  if job.cancel then return 'cancelled' end
  return due > at and 'scheduled' or 'queued'
end

-- Keep what the handler reported; the next write counts as the change. lines: age in ms, level and text in turn.
local function note(job, at, progress, lines)
  local version = job.version + 1
  if progress ~= '' then call('HSET', JOB .. job.id, 'progress', version .. '\n' .. progress) end
  for i = 1, #lines, 3 do
    call('RPUSH', LOG .. job.id, table.concat({ version, at - lines[i], lines[i + 1], lines[i + 2] }, '\n'))
  end
  if #lines > 0 then call('LTRIM', LOG .. job.id, -LOG_LENGTH, -1) end
end

-- Each tag of a record's field.
local function each_tag(tags) return string.gmatch(tags or '', '[^\n]+') end
