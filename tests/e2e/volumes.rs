//! Disks, volume groups and logical volumes, by parted and LVM themselves. The kernel under the lab has no device mapper,
//! so volumes are made and resized, but none is active; a thin pool and a snapshot cannot be had.

use crate::lab::Lab;

/// A disk that is a file, two that are loop devices, and LVM told that there is no device mapper.
const GROUND: &str = "apt-get update -qq && apt-get install -y -qq --no-install-recommends parted lvm2 >/dev/null 2>&1 && \
    truncate -s 100M /root/disk.img && echo 'global { activation = 0 }' >/etc/lvm/lvmlocal.conf && \
    mknod /dev/loop-control c 10 237 && for n in 50 51; do mknod /dev/loop$n b 7 $n && truncate -s 200M /root/$n.img && \
    losetup /dev/loop$n /root/$n.img; done";

/// Loop devices are of the kernel, not of the host, and stay otherwise.
const GONE: &str = "losetup -d /dev/loop50; losetup -d /dev/loop51";

const PLAYBOOK: &str = r#"
- hosts: lab
  gather_facts: false
  become: true
  tasks:
    - community.general.parted: {device: /root/disk.img, label: gpt, number: 1, part_end: 50%, name: "our data", flags: [lvm], state: present}
    - parted: {device: /root/disk.img, label: gpt, number: 2, part_start: 50%, part_end: 75%, state: present, resize: true}
      when: not grown
    - parted: {device: /root/disk.img, label: gpt, number: 2, part_start: 50%, part_end: 100%, state: present, resize: true}
      when: grown
    - parted: {device: /root/disk.img, unit: MiB}
      register: disk
    - community.general.lvg: {vg: data, pvs: /dev/loop50, remove_extra_pvs: false}
    - lvg: {vg: data, pvs: [/dev/loop50, /dev/loop51]}
    - community.general.lvol: {vg: data, lv: logs, size: 22m, active: false, shrink: false}
    - lvol: {vg: data, lv: logs, size: 50%VG, active: false}
    - lvol: {vg: data, lv: gone, state: absent}
    - assert:
        that:
          - disk.disk.table == 'gpt' and disk.disk.unit == 'mib'
          - disk.partitions | map(attribute='num') == [1, 2]
          - disk.partitions[0].name == 'our data' and disk.partitions[0].flags == ['lvm']
      when: not ansible_check_mode
"#;

const LOOK: &str = "cd /root; parted -s -m disk.img unit s print | tail -n 2; \
    vgs --noheadings -o vg_name,pv_count,lv_count 2>/dev/null; lvs --noheadings --units m -o lv_name,lv_size data 2>/dev/null";

#[test]
fn disks_groups_and_volumes_come_once_grow_and_go() {
    let lab = Lab::boot("volumes", &["web1"]).file("site.yml", PLAYBOOK).file(
        "gone.yml",
        "- hosts: lab\n  gather_facts: false\n  become: true\n  tasks:\n\
         \x20   - lvol: {vg: data, lv: logs, size: 40m, active: false, force: true}\n\
         \x20   - lvg: {vg: data, state: absent, force: '{{ not refused }}'}\n\
         \x20   - parted: {device: /root/disk.img, number: 1, state: absent}\n",
    );
    lab.on("web1", GROUND);
    let before = lab.on("web1", "sha256sum /root/*.img");
    let foreseen = lab.dppctl(["run", "site.yml", "--check", "-e", "{grown: false}"]).exits(0);
    assert_eq!(lab.on("web1", "sha256sum /root/*.img"), before, "{foreseen}");
    let first = lab.dppctl(["run", "site.yml", "-e", "{grown: false}"]).exits(0);
    assert_eq!(first.changes(), foreseen.changes(), "{first}\n{foreseen}");
    assert_eq!(lab.dppctl(["run", "site.yml", "-e", "{grown: false}"]).exits(0).changes(), 0);
    assert_eq!(lab.dppctl(["run", "site.yml", "-e", "{grown: true}"]).exits(0).changes(), 1);
    assert_eq!(lab.dppctl(["run", "site.yml", "-e", "{grown: true}"]).exits(0).changes(), 0);
    let left = lab.on("web1", LOOK);
    for words in ["1:34s:102400s:102367s::our data:lvm;", "2:102401s:204766s:", "data   2   1", "logs 196.00m"] {
        assert!(left.contains(words), "no {words} in {left}");
    }
    let refused = lab.dppctl(["run", "gone.yml", "-e", "{refused: true}"]).exits(2);
    assert!(refused.failure().contains("has 1 logical volumes"), "{refused}");
    assert_eq!(lab.dppctl(["run", "gone.yml", "-e", "{refused: false}"]).exits(0).changes(), 2);
    lab.on("web1", GONE);
}
