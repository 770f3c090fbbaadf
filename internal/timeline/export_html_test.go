package timeline

import "io"

// MaxPage is how many spans, and lines, of a trace a page has.
const MaxPage = maxPage

// HTMLUpTo is HTML with another limit.
func (t *Tree) HTMLUpTo(to io.Writer, most int) error {
	p := newHTMLPage(to, HTMLConfig{})
	p.most = most
	return p.one(t)
}
