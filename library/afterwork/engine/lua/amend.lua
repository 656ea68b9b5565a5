#!lua flags=allow-oom
-- Change a job that waits. ARGV: id, the version that it must have or '', new due time, new level, 1 if there are new
-- tags, the tags. Empty means unchanged. Returns missing · changed · running · finished · too-late · amended.
local id, version, due, level, has_tags, tags = unpack(ARGV)
local job = read(id)
if not job then return 'missing' end
if version ~= '' and version ~= job.version then return 'changed' end
if job.state == 'running' then return 'running' end
if job.state ~= 'waiting' then return 'finished' end
local at = tick()
if due ~= '' and is_expired(job, due + 1) then return 'too-late' end

local fields, entered = {}, nil
if due ~= '' or level ~= '' then
  remove(place(job), id)
  local due_before = tonumber(job.due)
  if due ~= '' then job.due = math.max(at, tonumber(due)) end
  if level ~= '' then job.level = level end
  add(place(job), job.due, id)
  fields = { 'due', job.due, 'level', job.level }
  if tonumber(job.due) ~= due_before then
    entered = state_after(job, job.due, at)
    mark(job, at, job.version + 1, entered, '')
    fields[5], fields[6] = 'state_version', job.version + 1
  end
  wake(job.queue)
end
if has_tags == '1' then
  for tag in each_tag(job.tags) do call('ZREM', TAG .. tag, id) end
  for tag in each_tag(tags) do call('ZADD', TAG .. tag, job.created, id) end
  fields[#fields + 1], fields[#fields + 2] = 'tags', tags
end
if #fields > 0 then write(job, unpack(fields)) end
if entered then announce_change(job, entered, at) end
return 'amended'
