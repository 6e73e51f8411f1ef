//! Two engines as two contexts of one console, on a real terminal.

pub mod support;

use support::{BINARY, Engine, Terminal};

/// The contexts file that calls the engines by these names, in the first one's configuration.
fn contexts(engines: &[(&str, &Engine)]) {
    let config = engines[0].1.root.path().join("config/fleetdeck");
    std::fs::create_dir_all(&config).unwrap();
    let section = |(name, engine): &(&str, &Engine)| {
        let credentials = engine.root.path().join("data/credentials");
        format!(
            "[context.{name}]\nendpoint-url = '{}'\nregion = 'us-east-1'\ncredentials-file = '{}'\n",
            engine.url,
            credentials.display()
        )
    };
    std::fs::write(config.join("contexts.toml"), engines.iter().map(section).collect::<String>()).unwrap();
    let policy = "[[policy]]\nmatch = '*prod*'\naccent = 'production'\nread-only = true\n";
    std::fs::write(config.join("settings.toml"), format!("refresh = 1\n{policy}")).unwrap();
}

#[test]
fn two_engines_are_one_list_and_one_may_die() {
    let (mut prod, mut stage) = (Engine::start(), Engine::start());
    prod.agent("shop-1", &[]);
    stage.agent("trial-1", &[]);
    prod.wait_for_nodes(1);
    stage.wait_for_nodes(1);
    contexts(&[("eu-prod", &prod), ("stage", &stage)]);
    let script = format!("{BINARY} --context eu-prod,stage; echo left-with-$?");
    let mut terminal = Terminal::run(&script, &prod.environment(), prod.root.path(), 30, 120);

    for text in ["shop-1", "trial-1", "PRODUCTION", "eu-prod read-only", "● stage"] {
        terminal.wait_for(text);
    }
    // A command on both nodes goes to the one that may be changed, and says so.
    terminal.keys("a");
    terminal.wait_for("2 marked");
    terminal.keys("r");
    terminal.wait_for("AWS-RunShellScript");
    terminal.keys("echo only-$((40+2))\x13");
    terminal.wait_for("left out, read-only: eu-prod (1 node)");
    terminal.keys("y");
    terminal.wait_for("1 node");
    terminal.wait_for("success");
    terminal.keys("1");
    terminal.wait_for("shop-1");
    // One engine dies: it is said of its origin alone, and the rows of both stay.
    stage.kill();
    terminal.wait_for("stage: cannot reach");
    terminal.wait_for("✗ stage");
    for text in ["shop-1", "trial-1", "● eu-prod"] {
        terminal.wait_for(text);
    }
    // It comes back by itself.
    stage.restart();
    terminal.wait_until_gone("stage: cannot reach");
    terminal.wait_for("● stage");

    // The box: one place alone.
    terminal.keys("@");
    terminal.wait_for("What to look at");
    terminal.keys("stage\r");
    terminal.wait_until_gone("shop-1");
    terminal.wait_for("trial-1");
    terminal.wait_until_gone("PRODUCTION");
    terminal.keys("q");
    terminal.wait_for("left-with-0");
}
