//! What all pages have around their content.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, html};

use crate::lang::Lang;

/// The addresses of the assets.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// The style sheet.
    pub style: String,
    /// The icon of the tab.
    pub icon: String,
    /// Scripts by their names.
    pub scripts: BTreeMap<&'static str, String>,
    /// Pictures by their products.
    pub pictures: BTreeMap<String, String>,
}

impl Assets {
    /// The address of a script.
    pub fn script(&self, name: &str) -> &str {
        self.scripts.get(name).map_or("", String::as_str)
    }
}

/// A page and what stands around it.
pub struct Frame<'a> {
    /// Its language.
    pub lang: Lang,
    /// The shop's name.
    pub shop: &'a str,
    /// The page's title, without the shop's name.
    pub title: &'a str,
    /// Its address without the language's prefix, for the link to the other language.
    pub path: &'a str,
    /// The names of the assets.
    pub assets: &'a Assets,
    /// The name of its script.
    pub script: &'a str,
}

impl Frame<'_> {
    /// The whole document.
    pub fn page(&self, content: &Markup) -> String {
        let Frame { lang, shop, title, path, assets, script } = *self;
        let title = if title.is_empty() { shop.to_owned() } else { format!("{title} – {shop}") };
        let other = lang.other();
        html! {
            (DOCTYPE)
            html lang=(lang.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) }
                    link rel="icon" type="image/svg+xml" href=(assets.icon);
                    link rel="stylesheet" href=(assets.style);
                    script src=(assets.script(script)) defer {}
                }
                body {
                    a.skip href="#content" { (lang.of("Skip to the content", "跳到正文")) }
                    header {
                        a.shop href={ (lang.prefix()) "/" } { (shop) }
                        nav aria-label=(lang.of("Shop", "商店")) {
                            a href={ (lang.prefix()) "/orders" } { (lang.of("My orders", "我的订单")) }
                            a #account href={ (lang.prefix()) "/signin" } { (lang.of("Sign in", "登录")) }
                            a href={ (other.prefix()) (path) } lang=(other.code()) hreflang=(other.code()) {
                                (other.name())
                            }
                        }
                    }
                    main #content { (content) }
                    footer { p { (lang.of(
                        "A demonstration: nothing here can really be bought.",
                        "演示页面：这里的商品并不能真正购买。",
                    )) } }
                }
            }
        }
        .into_string()
    }
}

/// An amount in hundredths of a currency.
pub fn money(hundredths: u64, currency: &str) -> String {
    format!("{}.{:02} {currency}", hundredths / 100, hundredths % 100)
}
