//! The pages that are the same for everybody.

use maud::{Markup, html};

use super::layout::{Assets, Frame, money};
use crate::catalogue::{Catalogue, Product};
use crate::lang::Lang;

fn frame<'a>(catalogue: &'a Catalogue, assets: &'a Assets, lang: Lang) -> Frame<'a> {
    Frame { lang, shop: catalogue.name.of(lang), title: "", path: "/", assets, script: "page" }
}

/// The list of products.
pub(super) fn index(catalogue: &Catalogue, assets: &Assets, lang: Lang) -> String {
    let content = html! {
        h1 { (catalogue.name.of(lang)) }
        p.lead { (lang.of("A few things, very many people, one second.", "好货不多，人潮汹涌，只在一瞬。")) }
        ul.products {
            @for product in &catalogue.products {
                li { a href={ (lang.prefix()) "/p/" (product.id) "/" } {
                    (picture(product, assets, lang))
                    h2 { (product.name.of(lang)) }
                    p.price { (money(product.price, &catalogue.currency)) }
                    @if let Some(sale) = &product.sale {
                        p.badge data-badge=(sale.key) { (lang.of("Flash sale", "限时抢购")) }
                    }
                } }
            }
        }
    };
    frame(catalogue, assets, lang).page(&content)
}

/// The page of a product: everything but what only the second of the start knows.
pub(super) fn product(catalogue: &Catalogue, product: &Product, assets: &Assets, lang: Lang) -> String {
    let path = format!("/p/{}/", product.id);
    let content = html! {
        article.product {
            (picture(product, assets, lang))
            div {
                h1 { (product.name.of(lang)) }
                p.price { (money(product.price, &catalogue.currency)) }
                p { (product.about.of(lang)) }
                @if let Some(sale) = &product.sale { (sale_box(&sale.key, lang)) }
            }
        }
    };
    Frame { title: product.name.of(lang), path: &path, ..frame(catalogue, assets, lang) }.page(&content)
}

fn sale_box(key: &str, lang: Lang) -> Markup {
    html! {
        section.sale data-sale=(key) aria-labelledby="sale-title" {
            h2 #sale-title { (lang.of("Flash sale", "限时抢购")) }
            p #clock { (lang.of("The countdown runs by the shop's clock.", "倒计时以商店时钟为准。")) }
            p #stock {}
            button #buy type="button" disabled {
                (lang.of("Not open yet", "尚未开始"))
            }
            p #says role="status" aria-live="polite" {}
            div #task hidden {}
            noscript { p.note { (lang.of(
                "You can look at everything without JavaScript; the button to buy needs it.",
                "不启用 JavaScript 也能浏览全部内容；购买按钮需要启用它。",
            )) } }
        }
    }
}

fn picture(product: &Product, assets: &Assets, lang: Lang) -> Markup {
    html! {
        @if let Some(path) = assets.pictures.get(&product.id) {
            img src=(path) alt=(product.alt.of(lang)) width="320" height="240";
        }
    }
}

/// What is shown where there is nothing.
pub(super) fn missing(catalogue: &Catalogue, assets: &Assets) -> String {
    let lang = Lang::En;
    let content = html! {
        h1 { "There is nothing here" }
        p lang="zh-Hans" { "这里什么也没有。" }
        p { a href="/" { (catalogue.name.of(lang)) } }
    };
    Frame { title: "404", ..frame(catalogue, assets, lang) }.page(&content)
}
