#!lua flags=allow-oom
-- Look after the keys that others have made something else. When one of them is gone or good again, each waiting job that
-- should stand in it is put there, one batch a call.
-- Returns how many jobs were looked at, and the keys that are broken.
-- parts: parts/mending
local still_broken = {}
local met = try('HGETALL', BROKEN) or {}
for i = 1, #met, 2 do
  local key, is_record = met[i], string.sub(met[i], 1, #JOB) == JOB
  local found = call('TYPE', key).ok
  if found == met[i + 1] then still_broken[#still_broken + 1] = key end
  if found == 'zset' or found == 'none' then begin_mending(key) end
  if found ~= met[i + 1] or is_record then call('HDEL', BROKEN, key) end -- who meets a record again says so again
end

local under_way, looked = try('HGETALL', MENDING) or {}, 0
for i = 1, #under_way, 2 do
  looked = looked + mend(under_way[i], under_way[i + 1])
end
return { looked, still_broken }
