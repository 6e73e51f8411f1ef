use serde_json::json;

use super::*;

#[test]
fn time_limits_out_of_range_are_an_hour() {
    let seconds = |value: Value| time_limit(&json!({"timeoutSeconds": value})).as_secs();
    assert_eq!(seconds(json!("30")), 30);
    assert_eq!(seconds(json!(5)), 5);
    for odd in [json!(3), json!("4"), json!("x"), json!(172_801), json!(null), json!(-1)] {
        assert_eq!(seconds(odd.clone()), DEFAULT_TIMEOUT, "{odd}");
    }
    assert_eq!(time_limit(&json!({})).as_secs(), DEFAULT_TIMEOUT);
}

#[test]
fn lines_become_a_script() {
    assert_eq!(script_text("", &json!({"RunCommand": ["echo a", "echo b"]})), "echo a\necho b\n");
    assert_eq!(script_text("#!x\n", &json!({"runCommand": "echo a"})), "#!x\necho a\n");
    assert_eq!(script_text("", &json!({})), "");
}
