package timeline

import "strings"

// PageFrame makes a page of HTML from its parts, and adds the parts that all pages have.
type PageFrame struct {
	HTML   string // with the places of the parts
	Style  string // of this page alone
	Script string // of this page alone

	// Help has the rows about keys that move, <!--KEYS-->, the rows about other keys,
	// <!--MARKS-->, and the marks.
	Help string
}

// Page returns the page. More has further places in the HTML, each followed by its text.
func (f PageFrame) Page(more ...string) string {
	style, script := PageStyle()+f.Style, PageScript()+f.Script
	return strings.NewReplacer(append([]string{
		"STYLE-HASH", HashOf(style), "SCRIPT-HASH", HashOf(script), "/*STYLE*/", style, "/*SCRIPT*/", script, "<!--HELP-->\n", f.help(),
	}, more...)...).Replace(f.HTML)
}

// help returns the dialog about keys and marks.
func (f PageFrame) help() string {
	moving, others, _ := strings.Cut(f.Help, "<!--KEYS-->\n")
	others, marks, _ := strings.Cut(others, "<!--MARKS-->\n")
	return strings.NewReplacer("<!--MOVING-->\n", moving, "<!--KEYS-->\n", others, "<!--MARKS-->\n", marks).Replace(pageFile("help.html"))
}
