//! Lines in a picture of their own: SVG, alone or in a page of HTML.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;

use super::{Axes, Line, short};

const SIZE: (u32, u32) = (960, 480);
const COLOURS: [RGBColor; 6] = [
    RGBColor(31, 119, 180),
    RGBColor(150, 150, 150),
    RGBColor(44, 160, 44),
    RGBColor(214, 39, 40),
    RGBColor(148, 103, 189),
    RGBColor(255, 127, 14),
];

/// Writes the picture; a name that ends in `.html` gets a page around it, with the text below.
pub fn save(file: &Path, title: &str, axes: &Axes, lines: &[Line], text: &str) -> Result<()> {
    let picture = svg(title, axes, lines).map_err(|error| anyhow!("cannot draw the lines: {error}"))?;
    let is_page = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("html"));
    let content = if is_page { page(title, &picture, text) } else { picture };
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}

fn svg(title: &str, axes: &Axes, lines: &[Line]) -> Result<String, Box<dyn std::error::Error>> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let seconds = points().map(|(second, _)| *second).fold(1.0, f64::max);
    let peak = points().map(|(_, rate)| *rate).fold(1.0, f64::max);
    let mut picture = String::new();
    {
        let area = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        // The names of the lines have room above the peak.
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 20))
            .margin(16)
            .x_label_area_size(40)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..seconds, 0.0..peak * 1.3)?;
        chart
            .configure_mesh()
            .x_desc(axes.x)
            .y_desc(axes.y)
            .y_label_formatter(&|rate| short(*rate))
            .light_line_style(RGBColor(240, 240, 240))
            .draw()?;
        for (line, colour) in lines.iter().zip(COLOURS.into_iter().cycle()) {
            let drawn =
                chart.draw_series(LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)))?;
            let key = move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(3));
            drawn.label(line.name.as_str()).legend(key);
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.9))
            .border_style(RGBColor(220, 220, 220))
            .draw()?;
        area.present()?;
    }
    Ok(picture)
}

fn page(title: &str, picture: &str, text: &str) -> String {
    let (title, text) = (escaped(title), escaped(text));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>body {{ font-family: sans-serif; max-width: 60rem; margin: 2rem auto }} svg {{ max-width: 100%; height: auto }}</style>\n\
         <h1>{title}</h1>\n{picture}\n<pre>{text}</pre>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::TRAFFIC;
    use super::*;

    #[test]
    fn every_line_is_in_the_picture_with_its_name() {
        let line =
            |name: &str, rate| Line { name: name.to_owned(), points: vec![(0.5, rate), (1.5, rate / 2.0)] };
        let picture =
            svg("phone & more", &TRAFFIC, &[line("requests", 100.0), line("reserved", 0.0)]).unwrap();
        assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
        assert!(["requests", "reserved", "phone &amp; more"].iter().all(|text| picture.contains(text)));
        assert!(picture.matches("<polyline").count() >= 2);
    }

    #[test]
    fn a_run_without_traffic_is_still_a_picture() {
        assert!(svg("nothing", &TRAFFIC, &[]).unwrap().contains("nothing"));
    }

    #[test]
    fn a_page_shows_keys_as_they_are() {
        let page = page("<script>", "<svg/>", "a < b");
        assert!(!page.contains("<script>") && page.contains("<svg/>") && page.contains("a &lt; b"));
    }
}
