-- The record of a job, what is told of its changes, and its history.

-- Where jobs of a kind and level wait: for plain functions that is ARQ's own queue, which stock clients and workers know.
local function lane_key(queue, kind, level)
  if kind == PLAIN and level == 'normal' then return queue end
  return LANE .. queue .. ':' .. kind .. ':' .. level
end

local function index_key(queue, kind, state) return INDEX .. queue .. ':' .. kind .. ':' .. state end

-- The sorted set in which a live job stands.
local function place(job)
  if job.suspect then return SUSPECTS .. job.queue end
  return lane_key(job.queue, job.kind, job.level)
end

local function wake(queue)
  if try('LLEN', WAKE .. queue) == 0 then call('LPUSH', WAKE .. queue, 1) end
end

-- The value of a string; false if there is none, or if the key holds something else, which only others can have put there.
local function read_text(key)
  local value = redis.pcall('GET', key)
  return type(value) == 'string' and value
end

-- The record as a table; nil if there is no such job. Read whole, as a map of RESP3, which Redis makes faster than Lua can.
local function read(id)
  redis.setresp(3)
  local answer = try('HGETALL', JOB .. id)
  redis.setresp(2)
  local job = answer and answer.map
  if not job or not next(job) then return nil end
  job.id = id
  return job
end

local function unique_key(owner, kind, unique) return UNIQUE .. owner .. ':' .. kind .. ':' .. unique end

-- Write fields (flat list), count the change and tell who follows the job.
local function write(job, ...)
  job.version = text(job.version + 1)
  call('HSET', JOB .. job.id, 'version', job.version, ...)
  news[#news + 1] = job.id
  news[#news + 1] = job.version .. ' ' .. job.state
end

-- What the feed of all jobs says of a state, after the id. state: as users know it, scheduled or queued while the job waits.
local function change_of(job, state, at)
  return ' ' .. job.version .. ' ' .. state .. ' ' .. text(at) .. ' ' .. job.queue .. ' ' .. job.kind
end

local function announce_change(job, state, at) changes[#changes + 1] = job.id .. change_of(job, state, at) end

-- Write fields together with a new state; the version that begins it is kept.
local function enter(job, state, at, ...)
  remove(index_key(job.queue, job.kind, job.state), job.id)
  add(index_key(job.queue, job.kind, state), job.created, job.id)
  job.state, job.state_version = state, text(job.version + 1)
  write(job, 'state', state, 'state_version', job.state_version, ...)
  announce_change(job, state ~= 'waiting' and state or tonumber(job.due) > at and 'scheduled' or 'queued', at)
end

-- One attempt as a line. begun, version: of the record when it began, and when it ended. after: the state that followed.
local function attempt_line(job, begun, finished, version, after, error)
  return job.attempt .. '\n' .. job.started .. '\n' .. finished .. '\n' .. job.worker .. '\n' .. begun .. '\n' .. version
    .. '\n' .. after .. '\n' .. error
end

local function append(job, line)
  local key = HISTORY .. job.id
  local length = count_of('RPUSH', key, line)
  if length > HISTORY_ENTRIES then call('LTRIM', key, -HISTORY_ENTRIES, -1) end
end

-- Append the attempt that ends now to the history. after: the state that the next write enters, or scheduled or queued.
-- error: a problem document, a bare code, or empty.
local function remember(job, at, after, error)
  append(job, attempt_line(job, job.state_version, text(at), text(job.version + 1), after, error))
end

-- The same for a state that was entered at this time and version and ended no attempt, so that it is not forgotten.
local function mark(job, at, version, state, error)
  append(job, job.attempt .. '\n\n' .. text(at) .. '\n\n\n' .. text(version) .. '\n' .. state .. '\n' .. error)
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
    try('RPUSH', LOG .. job.id, table.concat({ version, at - lines[i], lines[i + 1], lines[i + 2] }, '\n'))
  end
  if #lines > 0 then try('LTRIM', LOG .. job.id, -LOG_LENGTH, -1) end
end

-- Each tag of a record's field.
local function each_tag(tags) return string.gmatch(tags or '', '[^\n]+') end
