-- :n tracks of made-up words, newest last.  Every word of the vocabulary is in less than 1 % of the rows;
-- words are letters only and none begins another.
SET client_min_messages = error;
SET maintenance_work_mem = '512MB';
CREATE FUNCTION pg_temp.word() RETURNS text LANGUAGE sql VOLATILE AS
    $$ SELECT translate(substr(md5(floor(random() * 3000)::int::text), 1, 8), '0123456789', 'ghijklmnop') $$;
INSERT INTO users (id, email, name, password_hash, created_at, updated_at)
    SELECT 'user-' || i, 'u' || i || '@example.org', 'User', 'x', 1, 1 FROM generate_series(0, 9999) i;
CREATE TEMP TABLE definitions AS
    SELECT indexdef FROM pg_indexes WHERE tablename = 'tracks' AND indexname <> 'tracks_pkey';
SELECT format('DROP INDEX %I', indexname) FROM pg_indexes
    WHERE tablename = 'tracks' AND indexname <> 'tracks_pkey' \gexec
SELECT setseed(0.5);
INSERT INTO tracks (id, user_id, identity, title, description, genre, mood, musical_key, bpm, seconds, engine,
                    tags, prompt, is_public, plays, likes, created_at, updated_at)
SELECT '0190' || lpad(to_hex(i), 8, '0') || '-0000-7000-8000-' || substr(md5(i::text), 1, 12),
       'user-' || (i::bigint * 7919 % 10000), md5(i::text),
       pg_temp.word() || ' ' || pg_temp.word(),
       pg_temp.word() || ' ' || pg_temp.word() || ' ' ||
       pg_temp.word() || ' ' || pg_temp.word() || ' ' ||
       pg_temp.word() || ' ' || pg_temp.word(),
       'genre' || (random() * 56)::int, 'mood' || (random() * 30)::int,
       (ARRAY['C major', 'A minor', 'F minor', 'G major', 'E minor', 'D major'])[1 + (random() * 5)::int],
       60 + (random() * 120)::int, 10 + (random() * 500)::int, 'compose',
       pg_temp.word() || E'\n' || pg_temp.word(),
       pg_temp.word() || ' ' || pg_temp.word() || ' ' ||
       pg_temp.word() || ' ' || pg_temp.word() || ' ' ||
       pg_temp.word() || ' ' || pg_temp.word() || ' ' ||
       pg_temp.word() || ' ' || pg_temp.word(),
       i % 10 <> 0, 0, 0, 1700000000000000 + i::bigint * 60000000, 1700000000000000
FROM generate_series(1, :n) i;
SELECT indexdef FROM definitions \gexec
VACUUM (ANALYZE, FREEZE) tracks;
