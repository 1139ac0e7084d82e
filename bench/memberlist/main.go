// Measures HashiCorp's memberlist as ring-sim measures the ring: many members in one process on loopback, all joining one
// of them at once; then they idle; then one stops, and then three in ten of the rest. Prints one line of JSON.
// It wants a network namespace of its own, since it reads the bytes from the loopback device.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	port        = 7946
	limit       = 200 * time.Second
	idleSeconds = 20
	poll        = 20 * time.Millisecond
)

type result struct {
	Nodes         int     `json:"nodes"`
	JoinS         float64 `json:"join_s"`
	BytesIdle     float64 `json:"bytes_per_s_idle"`
	DetectS       float64 `json:"detect_s"`
	MassDeathAllS float64 `json:"mass_death_all_s"`
	FalseDeaths   int     `json:"false_deaths"`
}

// Counts members that others gave up while they ran.
type watcher struct {
	wrong chan string
}

func (w watcher) NotifyJoin(*memberlist.Node)   {}
func (w watcher) NotifyUpdate(*memberlist.Node) {}
func (w watcher) NotifyLeave(n *memberlist.Node) {
	w.wrong <- n.Name
}

func main() {
	log.SetOutput(io.Discard)
	nodes, err := strconv.Atoi(strings.Join(os.Args[1:], ""))
	if err != nil || nodes < 3 || nodes > 250 {
		fail(fmt.Errorf("usage: memberlist NODES, from 3 to 250"))
	}
	gone := make(chan string, 1<<20)
	members := make([]*memberlist.Memberlist, nodes)
	for i := range members {
		config := memberlist.DefaultLANConfig()
		config.Name = name(i)
		config.BindAddr = address(i)
		config.BindPort = port
		config.AdvertisePort = port
		config.LogOutput = io.Discard
		config.Events = watcher{wrong: gone}
		if members[i], err = memberlist.Create(config); err != nil {
			fail(err)
		}
	}

	start := time.Now()
	for _, member := range members[1:] {
		go member.Join([]string{address(0)})
	}
	r := result{Nodes: nodes}
	r.JoinS = until(start, members, nodes)

	time.Sleep(5 * time.Second)
	before := loopbackBytes()
	time.Sleep(idleSeconds * time.Second)
	r.BytesIdle = float64(loopbackBytes()-before) / idleSeconds / float64(nodes)

	stopped := map[string]bool{name(nodes / 2): true}
	start = time.Now()
	members[nodes/2].Shutdown()
	living := without(members, stopped)
	r.DetectS = until(start, living, len(living))

	for i := range members {
		if i%10 < 3 {
			stopped[name(i)] = true
		}
	}
	start = time.Now()
	for i, member := range members {
		if i%10 < 3 && i != nodes/2 {
			member.Shutdown()
		}
	}
	living = without(members, stopped)
	r.MassDeathAllS = until(start, living, len(living))

	for len(gone) > 0 {
		if !stopped[<-gone] {
			r.FalseDeaths++
		}
	}
	line, _ := json.Marshal(r)
	fmt.Println(string(line))
}

func name(i int) string    { return "node" + strconv.Itoa(i) }
func address(i int) string { return "127.0.0." + strconv.Itoa(i+1) }

func without(members []*memberlist.Memberlist, stopped map[string]bool) []*memberlist.Memberlist {
	var living []*memberlist.Memberlist
	for i, member := range members {
		if !stopped[name(i)] {
			living = append(living, member)
		}
	}
	return living
}

// Seconds until every one of them counts so many; -1 if that does not happen in time.
func until(start time.Time, members []*memberlist.Memberlist, count int) float64 {
	for time.Since(start) < limit {
		right := 0
		for _, member := range members {
			if member.NumMembers() == count {
				right++
			}
		}
		if right == len(members) {
			return time.Since(start).Seconds()
		}
		time.Sleep(poll)
	}
	return -1
}

func loopbackBytes() int64 {
	text, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		fail(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 9 && fields[0] == "lo:" {
			bytes, _ := strconv.ParseInt(fields[9], 10, 64)
			return bytes
		}
	}
	fail(fmt.Errorf("no loopback device"))
	return 0
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "memberlist:", err)
	os.Exit(1)
}
