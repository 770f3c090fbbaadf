// Package timeline reads log lines and shows what requests did. A source becomes lines, a line
// becomes an entry of a trace, a trace becomes a tree of spans, and views show the tree. The
// package reads from readers, and opens no file itself.
//
// Packages audit/cmd/clew-audit, cmd/clew and examples/demo import it. It is a package of this
// module because the commands are modules of their own, and read the same lines.
package timeline
