select * from read_json_auto('{{ env_var("NEWS_JSON", "today.jsonl") }}')
