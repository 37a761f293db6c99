//! What the module makes of the arguments that it is loaded with.

use crate::harness::Server;

#[test]
fn an_unknown_load_argument_refuses_the_load_and_is_named() {
    for argument in ["nonsense", "compat nonsense"] {
        let log = Server::refuses(&[&format!("loadmodule {argument}")]);
        assert!(log.contains("knows no load argument 'nonsense': there is compat"), "{log}");
    }
}

#[test]
fn a_load_argument_may_be_written_in_any_case_and_twice() {
    for argument in ["compat", "COMPAT", "compat Compat"] {
        let shop = Server::with(&[&format!("loadmodule {argument}")]);
        shop.gives("SECKILL.CREATE sale STOCK 1", "OK");
        assert!(!shop.log().contains("another module has"), "{}", shop.log());
    }
}
