package timeline

import "strings"

// PageFrame makes an HTML page from its own parts and the parts that all pages have.
type PageFrame struct {
	HTML   string // with placeholders for the parts
	Style  string // of this page alone
	Script string // of this page alone

	// Help contains the rows about keys that move the selection, the line <!--KEYS-->, the rows
	// about other keys, the line <!--MARKS-->, and the rows about marks.
	Help string
}

// Page returns the page. The parameter more contains further placeholders in the HTML, each
// followed by the text that replaces it.
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
