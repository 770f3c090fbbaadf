package timeline

import "io"

// MaxPage is the largest number of spans of a trace on a page, and also the largest number of
// lines.
const MaxPage = maxPage

// HTMLUpTo does the work of HTML with another limit.
func (t *Tree) HTMLUpTo(to io.Writer, most int) error {
	p := newHTMLPage(to, HTMLConfig{})
	p.most = most
	return p.one(t)
}
