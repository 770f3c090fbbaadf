// Package timeline tells from log lines what requests did. Sources are read as lines, lines are
// entries of traces, a trace is a tree of spans, and views show it. It takes readers, and opens
// nothing itself.
package timeline
