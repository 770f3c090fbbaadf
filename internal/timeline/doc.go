// Package timeline tells from log lines what requests did. Sources are read as lines, lines are
// entries of traces, a trace is a tree of spans, and views show it. It takes readers, and opens
// nothing itself.
//
// Packages audit/cmd/clew-audit, cmd/clew and examples/demo import it. It is a package of this
// module because the commands are modules of their own, and read the same lines.
package timeline
