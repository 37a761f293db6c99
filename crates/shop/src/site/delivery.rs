//! What a CDN and a web server have to know about the files.

use super::{Cache, Site};

/// What a page may load and do: only what comes from the shop, and pictures inside an answer.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every answer.
pub const SECURITY: [(&str, &str); 5] = [
    ("Content-Security-Policy", CSP),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
];

/// What the shop's processes answer; the rest is files.
pub(super) const DYNAMIC: &str = "^/(zh/)?(state\\.json|button|buy|challenge|api|orders|signin|signout|\
operator|sandbox|payments|healthz|openapi\\.json)";

/// The file `_headers`, which several CDNs read.
pub(super) fn headers_file(site: &Site) -> String {
    let mut text = String::from("/*\n");
    for (name, value) in SECURITY {
        text.push_str(&format!("  {name}: {value}\n"));
    }
    text.push_str(&format!("/assets/*\n  Cache-Control: {}\n", Cache::Forever.control()));
    for (path, _) in site.files().filter(|(_, file)| file.cache == Cache::Check) {
        text.push_str(&format!("{path}\n  Cache-Control: {}\n", Cache::Check.control()));
    }
    text
}

/// A snippet for nginx with its brotli module; without it leave the line out.
pub(super) fn nginx() -> String {
    let mut text = String::from(
        "# Inside `server { … }`, with `root` at the folder of this file; the shop's processes listen on 8080.\n\
         error_page 404 /404.html;\n\
         gzip_static on;\n\
         brotli_static on;\n",
    );
    // A location with an add_header of its own inherits none.
    let security: String =
        SECURITY.iter().map(|(name, value)| format!("  add_header {name} \"{value}\" always;\n")).collect();
    text.push_str(&format!(
        "location /assets/ {{\n{security}  add_header Cache-Control \"{}\";\n}}\n\
         location / {{\n{security}  add_header Cache-Control \"{}\";\n  try_files $uri $uri/index.html =404;\n}}\n\
         location ~ {DYNAMIC} {{\n  \
           proxy_pass http://127.0.0.1:8080;\n  \
           proxy_http_version 1.1;\n  \
           proxy_buffering off;\n  \
           proxy_set_header Host $host;\n  \
           proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
         }}\n",
        Cache::Forever.control(),
        Cache::Check.control(),
    ));
    text
}
