{{ config(severity='error', error_if='>' ~ env_var('MAX_STRAYS', '20')) }}
select * from {{ ref('scored_articles') }} where mismatch_verdict = 'mismatch'
